"""Tags are the same in the three namespaces."""

import carillon


class Tags(carillon.TestCase):
    USERS = 1

    def test_tags_are_set_listed_and_removed(self):
        new, identity, old = (carillon.client(n) for n in ("chime-sdk-messaging", "chime-sdk-identity", "chime"))
        channel = new.create_channel(
            AppInstanceArn=self.app.arn, Name="tagged", Tags=[{"Key": "Stadt", "Value": "Köln 🏙"}], ChimeBearer=self.owner
        )["ChannelArn"]
        identity.tag_resource(ResourceARN=channel, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
        old.untag_resource(ResourceARN=channel, TagKeys=["a", "Stadt"])
        for client in (new, identity, old):
            self.assertEqual([{"Key": "b", "Value": "2"}], client.list_tags_for_resource(ResourceARN=channel)["Tags"])

    def test_a_resource_that_is_not_there_has_none(self):
        old = carillon.client("chime")
        self.assertRaisesCode(
            old.exceptions.NotFoundException, 404, "NotFoundException", old.list_tags_for_resource,
            ResourceARN=self.app.no_channel,
        )
