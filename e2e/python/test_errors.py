"""Every exception that a request can bring about arrives as its own class, in both namespaces."""

import carillon


class Errors:
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.channel = cls.app.channel(cls.owner)
        cls.exceptions = cls.client.exceptions

    def test_bad_request(self):
        self.assertRaisesCode(
            self.exceptions.BadRequestException, 400, "BadRequestException", self.client.create_channel,
            AppInstanceArn=self.app.arn, Name="channel", Mode="OPEN", ChimeBearer=self.owner,
        )

    def test_unauthorized(self):
        self.assertRaisesCode(
            self.exceptions.UnauthorizedClientException, 401, "UnauthorizedClientException",
            self.client.describe_channel, ChannelArn=self.channel, ChimeBearer=self.app.nobody,
        )

    def test_forbidden(self):
        self.assertRaisesCode(
            self.exceptions.ForbiddenException, 403, "ForbiddenException",
            self.client.batch_create_channel_membership,
            ChannelArn=self.channel, Type="DEFAULT", MemberArns=self.app.users, ChimeBearer=self.others[0],
        )

    def test_not_found(self):
        self.assertRaisesCode(
            self.exceptions.NotFoundException, 404, "NotFoundException",
            self.client.batch_create_channel_membership,
            ChannelArn=self.app.no_channel, Type="DEFAULT", MemberArns=self.others, ChimeBearer=self.owner,
        )

    def test_conflict(self):
        self.assertRaisesCode(
            self.exceptions.ConflictException, 409, "ConflictException", self.client.create_channel_membership,
            ChannelArn=self.channel, Type="DEFAULT", MemberArn=self.owner, ChimeBearer=self.owner,
        )

    def test_resource_limit_exceeded(self):
        channel = self.app.channel(self.owner)
        tags = [{"Key": f"tag-{i}", "Value": "value"} for i in range(51)]
        self.client.tag_resource(ResourceARN=channel, Tags=tags[:50])
        self.assertRaisesCode(
            self.exceptions.ResourceLimitExceededException, 400, "ResourceLimitExceededException",
            self.client.tag_resource, ResourceARN=channel, Tags=tags[50:],
        )

    def test_throttled(self):
        server = carillon.ready("CARILLON_READY_AWS")
        alice = server["user_arns"]["alice"]
        client = carillon.client(self.client.meta.service_model.service_name, server)
        channel = client.create_channel(
            AppInstanceArn=server["app_instance_arn"], Name="rates", ChimeBearer=alice
        )["ChannelArn"]

        def calls():
            # One per second is let through. So many take less time than so many seconds on any machine.
            for _ in range(20):
                client.batch_create_channel_membership(
                    ChannelArn=channel, Type="DEFAULT", MemberArns=[server["user_arns"]["bob"]], ChimeBearer=alice
                )

        self.assertRaisesCode(client.exceptions.ThrottledClientException, 429, "ThrottledClientException", calls)


class NewNamespace(Errors, carillon.TestCase):
    client = carillon.client("chime-sdk-messaging")


class OldNamespace(Errors, carillon.TestCase):
    client = carillon.client("chime")

    def test_no_bearer_is_a_bad_request(self):
        self.assertRaisesCode(
            self.exceptions.BadRequestException, 400, "BadRequestException", self.client.describe_channel,
            ChannelArn=self.channel,
        )


class Identity(carillon.TestCase):
    def test_another_user_with_the_same_id_is_a_conflict(self):
        identity = self.app.identity
        self.assertRaisesCode(
            identity.exceptions.ConflictException, 409, "ConflictException", identity.create_app_instance_user,
            AppInstanceArn=self.app.arn, AppInstanceUserId="user-0", Name="Somebody else",
        )

    def test_a_user_who_is_not_there_is_forbidden(self):
        identity = self.app.identity
        self.assertRaisesCode(
            identity.exceptions.ForbiddenException, 403, "ForbiddenException", identity.describe_app_instance_user,
            AppInstanceUserArn=self.app.nobody,
        )
