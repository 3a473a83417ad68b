"""Clients of boto3 that also send what they should not."""

import json
import os
import tempfile
import threading
import urllib.parse

import boto3.session
import botocore.session
from botocore import xform_name

import carillon
import model

VERSIONS = {"chime-sdk-messaging": "2021-05-15", "chime-sdk-identity": "2021-04-20"}


def grown_session():
    """A session whose botocore has been given the models of today, as `aws configure add-model` does:
    the installed one may be from before some operations and members."""
    folder = tempfile.TemporaryDirectory()
    for namespace, version in VERSIONS.items():
        place = os.path.join(folder.name, namespace, version)
        os.makedirs(place)
        source = os.path.join(model.FOLDER, model.FILES[namespace][0] + ".json")
        os.symlink(os.path.abspath(source), os.path.join(place, "service-2.json"))
    session = botocore.session.Session()
    session.get_component("data_loader").search_paths.insert(0, folder.name)
    session.folder = folder  # it lives as long as the session
    return boto3.session.Session(botocore_session=session)


class Client:
    """A client of a namespace: the installed boto3's own, and one with the models of today for the
    operations that it does not know, or not with every member. Several threads may use it."""

    newer = grown_session()

    def __init__(self, namespace):
        self.calls, self.grown_calls = 0, 0
        self._change = threading.local()
        self._lock = threading.Lock()
        self._installed = self._client(namespace)
        self._grown = self._client(namespace, session=self.newer) if namespace in VERSIONS else None

    def _client(self, namespace, **changes):
        client = carillon.client(namespace, **changes)
        client.meta.events.register("before-call", self._before_call)
        return client

    def call(self, operation, parameters, violation=None):
        """Calls an operation with good parameters. A violation is put into the request that botocore has
        made of them, before it is signed, so that botocore cannot object to it."""
        client = self._choose(operation)
        with self._lock:
            self.calls += 1
            self.grown_calls += client is self._grown
        self._change.now = operation, violation
        return getattr(client, xform_name(operation.name))(**parameters)

    def filled(self, operation):
        """The required members that botocore fills in."""
        return self._choose(operation).meta.service_model.operation_model(operation.name).idempotent_members

    def _choose(self, operation):
        return self._installed if _knows(self._installed, operation) else self._grown

    def _before_call(self, params, **_):
        operation, violation = self._change.now
        if violation is None:
            return
        member, *steps = violation.steps
        location, name = operation.where(member)
        if location == "body":
            body = json.loads(params["body"] or "{}")
            params["body"] = json.dumps(model.changed(body, [name, *steps], violation.value)).encode()
        elif location == "header":
            del params["headers"][name]
            if violation.value is not model.ABSENT:
                params["headers"][name] = violation.value
        else:
            change = _segment if location == "uri" else _parameter
            url = urllib.parse.urlsplit(params["url"])
            params["url"] = urllib.parse.urlunsplit(change(url, operation, name, violation.value))


def _knows(client, operation):
    """Whether botocore's model has an operation with all its members."""
    if operation.name not in client.meta.service_model.operation_names:
        return False
    known = client.meta.service_model.operation_model(operation.name)
    return all(
        ours is None or _has(theirs, ours)
        for theirs, ours in ((known.input_shape, operation.input), (known.output_shape, operation.output))
    )


def _has(theirs, ours):
    if ours.type == "structure":
        return all(name in theirs.members and _has(theirs.members[name], shape) for name, shape in ours.members.items())
    if ours.type == "list":
        return _has(theirs.member, ours.element)
    if ours.type == "map":
        return _has(theirs.value, ours.element)
    return True


def _segment(url, operation, name, value):
    segments = url.path.split("/")
    segments[operation.path.split("/").index("{" + name + "}")] = urllib.parse.quote(value, safe="")
    return url._replace(path="/".join(segments))


def _parameter(url, operation, name, value):
    query = [(k, v) for k, v in urllib.parse.parse_qsl(url.query, keep_blank_values=True) if k != name]
    if value is not model.ABSENT:
        query.append((name, value))
    return url._replace(query=urllib.parse.urlencode(query, quote_via=urllib.parse.quote))
