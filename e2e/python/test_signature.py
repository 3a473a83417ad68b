"""Who signs wrongly is told so."""

import datetime
import sys
import types
from unittest import mock

import botocore.auth
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

import carillon


class Signature(carillon.TestCase):
    USERS = 1

    def refused(self, code, **changes):
        identity = carillon.client("chime-sdk-identity", **changes)
        return self.assertRaisesCode(ClientError, 403, code, identity.list_app_instances)

    def test_a_wrong_secret(self):
        self.refused("InvalidSignatureException", aws_secret_access_key="wrong")

    def test_an_unknown_key(self):
        self.refused("UnrecognizedClientException", aws_access_key_id="AKIAUNKNOWNUNKNOWN00")

    def test_a_session_token_that_belongs_to_no_key(self):
        self.refused("UnrecognizedClientException", aws_session_token="token")

    def test_no_signature(self):
        self.refused("MissingAuthenticationTokenException", config=Config(signature_version=UNSIGNED))

    def test_a_clock_that_is_an_hour_behind(self):
        with clock(datetime.timedelta(hours=-1)):
            self.assertIn("expired", self.refused("InvalidSignatureException"))

    def test_a_clock_that_is_an_hour_ahead(self):
        with clock(datetime.timedelta(hours=1)):
            self.assertIn("not yet current", self.refused("InvalidSignatureException"))

    def test_a_clock_that_is_ten_minutes_behind_is_accepted(self):
        with clock(datetime.timedelta(minutes=-10)):
            carillon.client("chime-sdk-identity").list_app_instances()


def clock(off):
    """Lets botocore sign at another time."""

    class Clock(datetime.datetime):
        @classmethod
        def utcnow(cls):
            return super().utcnow() + off

    # Another module signs where AWS's common runtime is installed.
    signer = sys.modules[botocore.auth.AUTH_TYPE_MAPS["v4"].__module__]
    return mock.patch.object(signer, "datetime", types.SimpleNamespace(**{**vars(datetime), "datetime": Clock}))
