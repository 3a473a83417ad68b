"""Roles by boto3's own providers, and accounts that see nothing of each other.

CARILLON names the binary, and CARILLON_ISSUER the URL of an identity provider.
"""

import base64
import json
import os
import pathlib
import re
import subprocess
import tempfile
import time
import urllib.parse
import urllib.request
from unittest import mock

import boto3
import botocore.session
from botocore.exceptions import ClientError

import carillon

ISSUER = os.environ["CARILLON_ISSUER"]
ROLE = f"arn:aws:iam::{carillon.SERVER['account_id']}:role/"
END_USER = "arn:aws:iam::aws:policy/CarillonEndUser"


class Session(botocore.session.Session):
    """Asks this server for temporary credentials: botocore before 1.31 has no setting for that."""

    def create_client(self, service_name, *arguments, **settings):
        if service_name == "sts":
            settings["endpoint_url"] = carillon.SERVER["endpoint"]
        return super().create_client(service_name, *arguments, **settings)


def trust(principal, action):
    statement = {"Effect": "Allow", "Principal": principal, "Action": ["sts:" + action, "sts:TagSession"]}
    return json.dumps({"Version": "2012-10-17", "Statement": statement})


def token(user):
    """An ID token of a user, as a backend gets it that has the user's consent (CIBA)."""

    def post(path, **form):
        request = urllib.request.Request(ISSUER + path, urllib.parse.urlencode(form).encode())
        request.add_header("Authorization", "Basic " + base64.b64encode(b"backend:secret").decode())
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    request = post("/backchannel", scope="openid profile", login_hint=user)["auth_req_id"]
    return post("/token", grant_type="urn:openid:params:grant-type:ciba", auth_req_id=request)["id_token"]


class Roles(carillon.TestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        iam = carillon.client("iam")
        provider = iam.create_open_id_connect_provider(Url=ISSUER, ClientIDList=["backend"], ThumbprintList=["0" * 40])
        federated = {"Federated": provider["OpenIDConnectProviderArn"]}
        tags = [{"Key": "carillon:CreateUserIn", "Value": cls.app.arn}, {"Key": "UserUUID", "Value": "user-0"}]
        for name, document, tags in (
            ("py-chat", trust({"AWS": carillon.SERVER["account_id"]}, "AssumeRole"), tags[1:]),
            ("py-web", trust(federated, "AssumeRoleWithWebIdentity"), tags[:1]),
        ):
            iam.create_role(RoleName=name, AssumeRolePolicyDocument=document, Tags=tags)
            iam.attach_role_policy(RoleName=name, PolicyArn=END_USER)

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def file(self, name, text):
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return str(path)

    def acts_as(self, session, user, other, who):
        """The session's credentials may act as a user, and not as another."""
        client = session.client("chime-sdk-messaging", endpoint_url=carillon.SERVER["endpoint"])
        self.assertIn("Channels", client.list_channels(AppInstanceArn=self.app.arn, ChimeBearer=user))
        with self.assertRaises(ClientError) as caught:
            client.list_channels(AppInstanceArn=self.app.arn, ChimeBearer=other)
        self.assertEqual("AccessDeniedException", caught.exception.response["Error"]["Code"])
        self.assertIn(f"{who} is not authorized to perform: chime:ListChannels on resource: {other} because", str(caught.exception))
        self.assertTrue(session.client("sts").get_caller_identity()["Arn"].endswith(f":assumed-role/{who}"))

    def test_a_profile_takes_a_role_with_the_key_of_another(self):
        key = f"aws_access_key_id = {carillon.SERVER['access_key_id']}\naws_secret_access_key = {carillon.SERVER['secret_access_key']}\n"
        profile = f"[profile chat]\nregion = us-east-1\nrole_arn = {ROLE}py-chat\nrole_session_name = boto\nsource_profile = default\n"
        with mock.patch.dict(os.environ, AWS_CONFIG_FILE=self.file("config", f"[default]\n{key}{profile}")):
            session = boto3.Session(botocore_session=Session(profile="chat"))
            self.acts_as(session, self.owner, self.others[0], "py-chat/boto")
            self.assertEqual("assume-role", session.get_credentials().method)

    def test_a_profile_renews_credentials_that_end(self):
        key = f"aws_access_key_id = {carillon.SERVER['access_key_id']}\naws_secret_access_key = {carillon.SERVER['secret_access_key']}\n"
        # botocore itself refuses what AWS would.
        brief = "duration_seconds = 5\nparameter_validation = false\n"
        profile = f"[profile chat]\nregion = us-east-1\nrole_arn = {ROLE}py-chat\nsource_profile = default\n{brief}"
        with mock.patch.dict(os.environ, AWS_CONFIG_FILE=self.file("config", f"[default]\n{key}{profile}")):
            session = boto3.Session(botocore_session=Session(profile="chat"))
            first = session.get_credentials().get_frozen_credentials()
            renewed = session.client("chime-sdk-messaging", endpoint_url=carillon.SERVER["endpoint"])
            fixed = carillon.client(
                "chime-sdk-messaging", aws_access_key_id=first.access_key, aws_secret_access_key=first.secret_key,
                aws_session_token=first.token)
            end = time.monotonic() + 30
            with self.assertRaises(ClientError) as caught:
                while time.monotonic() < end:
                    fixed.list_channels(AppInstanceArn=self.app.arn, ChimeBearer=self.owner)
                    time.sleep(0.05)
            self.assertEqual("ExpiredTokenException", caught.exception.response["Error"]["Code"])
            self.assertIn("Channels", renewed.list_channels(AppInstanceArn=self.app.arn, ChimeBearer=self.owner))
            self.assertNotEqual(first.access_key, session.get_credentials().access_key)

    def test_a_token_of_an_identity_provider(self):
        # The file is read again when the credentials end.
        environ = {
            "AWS_ROLE_ARN": ROLE + "py-web", "AWS_ROLE_SESSION_NAME": "boto", "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_WEB_IDENTITY_TOKEN_FILE": self.file("token", token("yves")),
        }
        with mock.patch.dict(os.environ, environ):
            session = boto3.Session(botocore_session=Session())
            self.acts_as(session, self.app.arn + "/user/yves", self.owner, "py-web/boto")
            self.assertEqual("assume-role-with-web-identity", session.get_credentials().method)
        made = self.app.identity.describe_app_instance_user(AppInstanceUserArn=self.app.arn + "/user/yves")
        self.assertEqual("Yves of the issuer", made["AppInstanceUser"]["Name"])

    def test_limits_of_a_session_hold(self):
        sts = carillon.client("sts")
        policy = {"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "chime:Delete*", "Resource": "*"}}
        with self.assertRaises(ClientError) as caught:
            sts.assume_role(RoleArn=ROLE + "py-chat", RoleSessionName="boto", DurationSeconds=3601)
        self.assertEqual("ValidationError", caught.exception.response["Error"]["Code"])
        answer = sts.assume_role(RoleArn=ROLE + "py-chat", RoleSessionName="boto", Policy=json.dumps(policy))
        self.assertGreater(answer["PackedPolicySize"], 0)
        c = answer["Credentials"]
        client = carillon.client(
            "chime-sdk-messaging", aws_access_key_id=c["AccessKeyId"], aws_secret_access_key=c["SecretAccessKey"],
            aws_session_token=c["SessionToken"])
        message = self.assertRaisesCode(
            ClientError, 403, "AccessDeniedException", client.list_channels, AppInstanceArn=self.app.arn, ChimeBearer=self.owner)
        self.assertTrue(message.endswith("because no session policy allows the chime:ListChannels action"), message)


class Accounts(carillon.TestCase):
    """A second account's root asks for all there is in the first, and is told what somebody is told who
    asks for what is not there."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        root = {"AWS_ACCESS_KEY_ID": carillon.SERVER["access_key_id"], "AWS_SECRET_ACCESS_KEY": carillon.SERVER["secret_access_key"]}
        out = subprocess.run(
            [os.environ["CARILLON"], "account", "create", "--name", "other", "--endpoint", carillon.SERVER["endpoint"]],
            env={**os.environ, **root}, check=True, capture_output=True, text=True).stdout
        cls.account, identifier, secret = re.fullmatch(
            r"# account (\d{12})\nexport AWS_ACCESS_KEY_ID=(\S+)\nexport AWS_SECRET_ACCESS_KEY=(\S+)\n", out).groups()
        cls.key = {"aws_access_key_id": identifier, "aws_secret_access_key": secret}
        cls.channel = cls.app.channel(cls.owner)

    def other(self, namespace):
        return carillon.client(namespace, **self.key)

    def error(self, call, **parameters):
        """What a call is told, without the names that it gave itself."""
        with self.assertRaises(ClientError) as caught:
            call(**parameters)
        answer = caught.exception.response
        text = answer["Error"]["Message"]
        for value in sorted(parameters.values(), key=len, reverse=True):
            text = text.replace(value, "…")
        return answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"], text

    def test_its_root_is_root_of_nothing_else(self):
        self.assertEqual(f"arn:aws:iam::{self.account}:root", self.other("sts").get_caller_identity()["Arn"])

    def test_lists_have_nothing_of_the_other(self):
        identity = self.other("chime-sdk-identity")
        self.assertEqual([], identity.list_app_instances()["AppInstances"])
        mine = identity.create_app_instance(Name="mine")["AppInstanceArn"]
        self.assertIn(f":{self.account}:", mine)
        self.assertEqual([mine], [a["AppInstanceArn"] for a in identity.list_app_instances()["AppInstances"]])
        first = carillon.client("chime-sdk-identity")
        self.assertNotIn(mine, [a["AppInstanceArn"] for page in carillon.pages(first.list_app_instances, "AppInstances") for a in page])
        iam = self.other("iam")
        self.assertEqual([], iam.list_roles()["Roles"] + iam.list_users()["Users"] + iam.list_open_id_connect_providers()["OpenIDConnectProviderList"])
        identity.delete_app_instance(AppInstanceArn=mine)

    def test_what_is_there_is_told_as_what_is_not(self):
        identity, messaging = self.other("chime-sdk-identity"), self.other("chime-sdk-messaging")
        instance, nothing = self.app.arn, self.app.arn[:-36] + "00000000-0000-0000-0000-000000000000"

        def moved(arn):
            return arn.replace(instance, nothing)

        for call, parameters in (
            (identity.describe_app_instance, {"AppInstanceArn": instance}),
            (identity.delete_app_instance, {"AppInstanceArn": instance}),
            (identity.list_app_instance_users, {"AppInstanceArn": instance}),
            (identity.create_app_instance_user, {"AppInstanceArn": instance, "AppInstanceUserId": "eve", "Name": "Eve"}),
            (identity.describe_app_instance_user, {"AppInstanceUserArn": self.owner}),
            (identity.update_app_instance_user, {"AppInstanceUserArn": self.owner, "Name": "Eve", "Metadata": "-"}),
            (identity.list_tags_for_resource, {"ResourceARN": instance}),
            (messaging.describe_channel, {"ChannelArn": self.channel, "ChimeBearer": self.owner}),
            (messaging.list_channels, {"AppInstanceArn": instance, "ChimeBearer": self.owner}),
            (messaging.list_channel_messages, {"ChannelArn": self.channel, "ChimeBearer": self.owner}),
            (messaging.delete_channel, {"ChannelArn": self.channel, "ChimeBearer": self.owner}),
        ):
            with self.subTest(call.__name__):
                there = self.error(call, **parameters)
                self.assertEqual(there, self.error(call, **{name: moved(value) for name, value in parameters.items()}))
                # Nor does it help to give the names of the one account to the other.
                own = {name: value.replace(carillon.SERVER["account_id"], self.account) for name, value in parameters.items()}
                self.assertEqual(self.error(call, **own), self.error(call, **{name: moved(value) for name, value in own.items()}))

    def test_roles_of_the_other_are_roles_of_nobody(self):
        iam, sts = carillon.client("iam"), self.other("sts")
        iam.create_role(RoleName="theirs", AssumeRolePolicyDocument=trust({"AWS": carillon.SERVER["account_id"]}, "AssumeRole"))
        there = self.error(sts.assume_role, RoleArn=ROLE + "theirs", RoleSessionName="eve")
        self.assertEqual(there, self.error(sts.assume_role, RoleArn=ROLE + "nobodys", RoleSessionName="eve"))
        self.assertEqual((403, "AccessDenied"), there[:2])
        self.assertEqual("NoSuchEntity", self.error(self.other("iam").get_role, RoleName="theirs")[1])
