"""Lists come to the end page by page, with everything once and in order."""

import carillon


class Pages:
    USERS = 60

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.channels = [cls.app.channel(cls.owner, f"channel {i}") for i in range(5)]
        cls.client.batch_create_channel_membership(
            ChannelArn=cls.channels[0], Type="DEFAULT", MemberArns=cls.others, ChimeBearer=cls.owner
        )

    def check(self, want, size, found, arn):
        found = list(found)
        self.assertEqual(want, [arn(item) for page in found for item in page])
        full, rest = divmod(len(want), size)
        self.assertEqual([size] * full + [rest] * (rest > 0), [len(page) for page in found])

    def test_members_of_a_channel(self):
        for size in (1, 7, 30, 50):
            found = carillon.pages(
                self.client.list_channel_memberships, "ChannelMemberships",
                ChannelArn=self.channels[0], MaxResults=size, ChimeBearer=self.owner,
            )
            self.check(self.app.users, size, found, lambda item: item["Member"]["Arn"])

    def test_channels_of_an_app_instance(self):
        found = carillon.pages(
            self.client.list_channels, "Channels", AppInstanceArn=self.app.arn, MaxResults=2, ChimeBearer=self.owner
        )
        self.check(self.channels, 2, found, lambda item: item["ChannelArn"])

    def test_memberships_of_a_user(self):
        found = carillon.pages(
            self.client.list_channel_memberships_for_app_instance_user, "ChannelMemberships",
            AppInstanceUserArn=self.owner, MaxResults=3, ChimeBearer=self.app.admin,
        )
        self.check(self.channels, 3, found, lambda item: item["ChannelSummary"]["ChannelArn"])

    def test_channels_that_a_user_moderates(self):
        found = carillon.pages(
            self.client.list_channels_moderated_by_app_instance_user, "Channels", MaxResults=4, ChimeBearer=self.owner
        )
        self.check(self.channels, 4, found, lambda item: item["ChannelSummary"]["ChannelArn"])

    def test_a_token_is_refused_with_other_parameters(self):
        token = self.client.list_channels(AppInstanceArn=self.app.arn, MaxResults=2, ChimeBearer=self.owner)["NextToken"]
        self.assertRaisesCode(
            self.client.exceptions.BadRequestException, 400, "BadRequestException", self.client.list_channel_memberships,
            ChannelArn=self.channels[0], NextToken=token, ChimeBearer=self.owner,
        )


class NewNamespace(Pages, carillon.TestCase):
    client = carillon.client("chime-sdk-messaging")


class OldNamespace(Pages, carillon.TestCase):
    client = carillon.client("chime")


class Identity(carillon.TestCase):
    USERS = 8

    def test_users_of_an_app_instance(self):
        found = carillon.pages(
            self.app.identity.list_app_instance_users, "AppInstanceUsers", AppInstanceArn=self.app.arn, MaxResults=4
        )
        got = [user["AppInstanceUserArn"] for page in found for user in page]
        self.assertEqual(sorted([self.app.admin, *self.app.users]), sorted(got))
