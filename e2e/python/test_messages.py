"""Messages: sent, listed, read, edited, redacted and deleted."""

import datetime

import carillon


class Messages:
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.channel = cls.app.channel(cls.owner)
        cls.here = {"ChannelArn": cls.channel, "ChimeBearer": cls.owner}

    def send(self, content, **more):
        return self.client.send_channel_message(
            Content=content, Type="STANDARD", Persistence="PERSISTENT", **{**self.here, **more}
        )["MessageId"]

    def get(self, message):
        return self.client.get_channel_message(MessageId=message, **self.here)["ChannelMessage"]

    def test_pages_come_to_the_end_in_both_orders(self):
        here = {"ChannelArn": self.app.channel(self.owner)}
        want = [self.send(f"message {i}", **here) for i in range(12)]
        for order, sign in (("ASCENDING", 1), ("DESCENDING", -1)):
            found = list(carillon.pages(
                self.client.list_channel_messages, "ChannelMessages",
                SortOrder=order, MaxResults=5, **{**self.here, **here},
            ))
            self.assertEqual([5, 5, 2], [len(page) for page in found])
            self.assertEqual(want[::sign], [m["MessageId"] for page in found for m in page])

    def test_a_time_in_the_query_bounds_a_list(self):
        here = {**self.here, "ChannelArn": self.app.channel(self.owner)}
        self.send("one", **here)
        hour = datetime.timedelta(hours=1)
        now = datetime.datetime.now(datetime.timezone.utc)
        for bound, want in (({"NotBefore": now - hour}, 1), ({"NotAfter": now - hour}, 0), ({"NotAfter": now + hour}, 1)):
            self.assertEqual(want, len(self.client.list_channel_messages(**here, **bound)["ChannelMessages"]))

    def test_what_a_message_says_comes_back(self):
        for text in ("👩‍👩‍👧‍👦 日本語 שלום", "line\nbreak\r\n\ttab", "zero \x00 byte", " ", "€" * 1365):
            with self.subTest(text):
                got = self.get(self.send(text, Metadata='{"a":"ü"}'))
                self.assertEqual((text, '{"a":"ü"}'), (got["Content"], got["Metadata"]))
                self.assertEqual({"Arn": self.owner, "Name": "User 0"}, got["Sender"])
                self.assertIsInstance(got["CreatedTimestamp"], datetime.datetime)

    def test_a_message_is_edited_redacted_and_deleted(self):
        message = self.send("first")
        self.client.update_channel_message(MessageId=message, Content="second", **self.here)
        got = self.get(message)
        self.assertEqual("second", got["Content"])
        self.assertIsInstance(got["LastEditedTimestamp"], datetime.datetime)
        self.client.redact_channel_message(MessageId=message, **self.here)
        got = self.get(message)
        self.assertTrue(got["Redacted"])
        self.assertFalse(got.get("Content"))
        self.client.delete_channel_message(MessageId=message, ChannelArn=self.channel, ChimeBearer=self.app.admin)
        self.assertRaisesCode(
            self.client.exceptions.NotFoundException, 404, "NotFoundException",
            self.client.get_channel_message, MessageId=message, **self.here,
        )

    def test_too_long_a_message_is_a_bad_request(self):
        self.assertRaisesCode(
            self.client.exceptions.BadRequestException, 400, "BadRequestException", self.send, content="x" * 4097
        )

    def test_the_read_marker_is_a_time(self):
        self.client.update_channel_read_marker(**self.here)
        listed = self.client.describe_channel_membership_for_app_instance_user(
            AppInstanceUserArn=self.owner, **self.here
        )["ChannelMembership"]["AppInstanceUserMembershipSummary"]
        self.assertIsInstance(listed["ReadMarkerTimestamp"], datetime.datetime)


class NewNamespace(Messages, carillon.TestCase):
    client = carillon.client("chime-sdk-messaging")


class OldNamespace(Messages, carillon.TestCase):
    client = carillon.client("chime")
