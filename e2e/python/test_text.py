"""Texts, ids and times come back as they went in."""

import datetime

import carillon

TEXTS = [
    "Ünïcødé ß ŉ ﬁ",
    "日本語 한국어 中文",
    "שלום مرحبا",
    "👩‍👩‍👧‍👦 🏳️‍🌈 🇩🇪 𝒳",
    "e\u0301 differs from é",
    "\"quotes\" 'and' \\backslashes\\ /slashes/ %2F %",
    "tab\tand line\nbreaks\r\n",
    "\u2028\u2029\ufffd\ue000",
    "😀" * 256,
]


class Text:
    USERS = 1

    def test_texts_come_back(self):
        for text in TEXTS:
            with self.subTest(text):
                channel = self.client.create_channel(
                    AppInstanceArn=self.app.arn, Name=text, Metadata=text[:256], ChimeBearer=self.owner
                )["ChannelArn"]
                got = self.client.describe_channel(ChannelArn=channel, ChimeBearer=self.owner)["Channel"]
                self.assertEqual((text, text[:256]), (got["Name"], got["Metadata"]))

    def test_ids_work_in_paths_and_queries(self):
        for name in ("x", "bob@example.com", "us-east-1:0d5e0c4e-6a1c-4f0e-8f57-0f0b6b6f8c55", "a:-_.@Z", "i" * 64):
            with self.subTest(name):
                user = self.app.user(name, name)
                channel = self.app.channel(self.owner)
                self.client.create_channel_membership(
                    ChannelArn=channel, Type="DEFAULT", MemberArn=user, ChimeBearer=self.owner
                )
                self.client.describe_channel_membership(ChannelArn=channel, MemberArn=user, ChimeBearer=user)
                self.assertEqual(1, len(self.client.list_channel_memberships_for_app_instance_user(
                    AppInstanceUserArn=user, ChimeBearer=user
                )["ChannelMemberships"]))
                self.client.delete_channel_membership(ChannelArn=channel, MemberArn=user, ChimeBearer=user)

    def test_times_are_times(self):
        now = datetime.datetime.now(datetime.timezone.utc)
        got = self.client.describe_channel(ChannelArn=self.app.channel(self.owner), ChimeBearer=self.owner)["Channel"]
        for member in ("CreatedTimestamp", "LastUpdatedTimestamp"):
            self.assertIsInstance(got[member], datetime.datetime)
            self.assertLess(abs(got[member] - now), datetime.timedelta(hours=1))
        self.assertNotIn("LastMessageTimestamp", got)


class NewNamespace(Text, carillon.TestCase):
    client = carillon.client("chime-sdk-messaging")


class OldNamespace(Text, carillon.TestCase):
    client = carillon.client("chime")
