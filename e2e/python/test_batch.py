"""BatchCreateChannelMembership, with the same tests for the old and the new namespace."""

import carillon


class Batch:
    USERS = 103

    def batch(self, **parameters):
        return self.client.batch_create_channel_membership(**parameters)

    def members(self, channel, **parameters):
        found = carillon.pages(
            self.client.list_channel_memberships, "ChannelMemberships",
            ChannelArn=channel, ChimeBearer=self.owner, **parameters,
        )
        return [m["Member"]["Arn"] for page in found for m in page]

    def test_a_hundred_users_become_members_in_one_call(self):
        channel = self.app.channel(self.owner)
        answer = self.batch(
            ChannelArn=channel, Type="DEFAULT", MemberArns=self.others[:100], ChimeBearer=self.owner
        )
        self.assertEqual([], answer["Errors"])
        batch = answer["BatchChannelMemberships"]
        self.assertEqual({"Arn": self.owner, "Name": "User 0"}, batch["InvitedBy"])
        self.assertEqual("DEFAULT", batch["Type"])
        self.assertEqual(channel, batch["ChannelArn"])
        self.assertEqual(
            [{"Arn": arn, "Name": f"User {i + 1}"} for i, arn in enumerate(self.others[:100])], batch["Members"]
        )
        self.assertEqual(self.app.users[:101], self.members(channel))

    def test_who_cannot_be_added_is_told_apart(self):
        channel = self.app.channel(self.owner)
        present, banned, fine = self.others[:3]
        self.client.create_channel_membership(
            ChannelArn=channel, Type="DEFAULT", MemberArn=present, ChimeBearer=self.owner
        )
        self.client.create_channel_ban(ChannelArn=channel, MemberArn=banned, ChimeBearer=self.owner)
        answer = self.batch(
            ChannelArn=channel, Type="DEFAULT", ChimeBearer=self.owner,
            MemberArns=[present, self.app.nobody, fine, banned, channel, fine],
        )
        self.assertEqual([fine], [m["Arn"] for m in answer["BatchChannelMemberships"]["Members"]])
        self.assertEqual(
            [(present, "Conflict"), (self.app.nobody, "NotFound"), (banned, "Forbidden"), (channel, "BadRequest")],
            [(e["MemberArn"], e["ErrorCode"]) for e in answer["Errors"]],
        )
        self.assertTrue(all(e["ErrorMessage"] for e in answer["Errors"]))

    def test_when_nobody_can_be_added_both_lists_are_there(self):
        answer = self.batch(
            ChannelArn=self.app.channel(self.owner), Type="DEFAULT", MemberArns=[self.owner], ChimeBearer=self.owner
        )
        self.assertEqual([], answer["BatchChannelMemberships"]["Members"])
        self.assertEqual(["Conflict"], [e["ErrorCode"] for e in answer["Errors"]])

    def test_hidden_members_are_listed_apart(self):
        channel = self.app.channel(self.owner)
        answer = self.batch(ChannelArn=channel, Type="HIDDEN", MemberArns=self.others[:3], ChimeBearer=self.owner)
        self.assertEqual("HIDDEN", answer["BatchChannelMemberships"]["Type"])
        self.assertEqual([self.owner], self.members(channel))
        self.assertEqual(self.others[:3], self.members(channel, Type="HIDDEN"))

    def test_a_hundred_and_one_members_are_refused(self):
        message = self.assertRaisesCode(
            self.client.exceptions.BadRequestException, 400, "BadRequestException", self.batch,
            ChannelArn=self.app.channel(self.owner), Type="DEFAULT", MemberArns=self.others[:101],
            ChimeBearer=self.owner,
        )
        self.assertIn("MemberArns", message)


class NewNamespace(Batch, carillon.TestCase):
    client = carillon.client("chime-sdk-messaging")


class OldNamespace(Batch, carillon.TestCase):
    client = carillon.client("chime")


class OldNamespaceThroughAProxy(Batch, carillon.TestCase):
    client = carillon.client("chime", proxied=True)
