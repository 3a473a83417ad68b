"""What the tests share: clients that are pointed at the server under test, and an app to try them on.

The server is described by the JSON file that CARILLON_READY names, and one that has the limits of AWS
by the file that CARILLON_READY_AWS names.
"""

import concurrent.futures
import json
import os
import unittest

import boto3
from botocore.config import Config


def ready(variable="CARILLON_READY"):
    with open(os.environ[variable], encoding="utf-8") as file:
        return json.load(file)


SERVER = ready()


def client(namespace, server=SERVER, proxied=False, session=boto3, **changes):
    """A client of a namespace: "chime-sdk-messaging", "chime-sdk-identity" or "chime", the old one.

    Nothing is tried twice: an error is to be seen. With proxied, the client believes that it talks to
    AWS, and the server is its proxy.
    """
    config = {"retries": {"max_attempts": 0}}
    settings = {
        "region_name": server["region"],
        "aws_access_key_id": server["access_key_id"],
        "aws_secret_access_key": server["secret_access_key"],
    }
    if proxied:
        config["proxies"] = {"http": server["endpoint"]}
        settings["use_ssl"] = False
    else:
        # The old namespace would put messaging- or identity- before the host.
        config["inject_host_prefix"] = False
        settings["endpoint_url"] = server["endpoint"]
    return session.client(namespace, **{**settings, "config": Config(**config), **changes})


class App:
    """An app instance that belongs to one test case: an admin, and users user-0, user-1, and so on."""

    def __init__(self, users):
        self.identity = client("chime-sdk-identity")
        self.arn = self.identity.create_app_instance(Name="e2e")["AppInstanceArn"]
        self.admin = self.user("admin", "Admin")
        self.identity.create_app_instance_admin(AppInstanceArn=self.arn, AppInstanceAdminArn=self.admin)
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            self.users = list(pool.map(lambda i: self.user(f"user-{i}", f"User {i}"), range(users)))
        self.nobody = self.arn + "/user/nobody"
        self.no_channel = self.arn + "/channel/none"

    def user(self, name, shown):
        return self.identity.create_app_instance_user(
            AppInstanceArn=self.arn, AppInstanceUserId=name, Name=shown
        )["AppInstanceUserArn"]

    def channel(self, owner, name="channel"):
        return client("chime-sdk-messaging").create_channel(
            AppInstanceArn=self.arn, Name=name, ChimeBearer=owner
        )["ChannelArn"]


def pages(operation, key, **parameters):
    """Calls an operation page by page, as long as there is a NextToken, and yields each page's list."""
    token = {}
    for _ in range(1000):
        page = operation(**parameters, **token)
        yield page[key]
        if not page.get("NextToken"):
            return
        token = {"NextToken": page["NextToken"]}
    raise AssertionError("the pages have no end")


class TestCase(unittest.TestCase):
    """A test case whose class attribute USERS says how many users its app has."""

    USERS = 2
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.app = App(cls.USERS)
        cls.owner, *cls.others = cls.app.users

    def assertRaisesCode(self, exception, status, code, callable, **parameters):
        """The call raises the exception, and everything that botocore tells of it is there."""
        with self.assertRaises(exception) as caught:
            callable(**parameters)
        answer = caught.exception.response
        self.assertEqual(status, answer["ResponseMetadata"]["HTTPStatusCode"])
        self.assertEqual(code, answer["Error"]["Code"])
        self.assertTrue(answer["Error"]["Message"])
        self.assertTrue(answer["ResponseMetadata"]["RequestId"])
        return answer["Error"]["Message"]
