"""A good request for every operation, with all its members, and the resources it is about."""

import datetime
import itertools
import threading
import uuid

import model
import wire

TAGS = [{"Key": "team", "Value": "red"}]
METADATA = '{"color": "red"}'
LONG_AGO = datetime.datetime(2020, 1, 2, tzinfo=datetime.timezone.utc)
LATER = datetime.datetime(2099, 1, 2, tzinfo=datetime.timezone.utc)
ATTRIBUTES = {"color": {"StringValues": ["red", "green"]}}
PUSH = {"Title": "title", "Body": "body", "Type": "DEFAULT"}
ELASTIC = {"MaximumSubChannels": 3, "TargetMembershipsPerSubChannel": 3, "MinimumMembershipPercentage": 40}
EXPIRATION = {"ExpirationDays": 5, "ExpirationCriterion": "CREATED_TIMESTAMP"}


def thrice(make, *arguments):
    """Makes three of something, so that a list has a page before and one after its second."""
    for _ in range(3):
        make(*arguments)


class World:
    """An app instance to make requests in. Alice makes the channels, and so moderates them; bob is
    their first member. Everything is made through the new namespaces."""

    def __init__(self, server):
        self.server = server
        self.operations = {**model.operations("chime-sdk-identity"), **model.operations("chime-sdk-messaging")}
        self.clients = {namespace: wire.Client(namespace) for namespace in wire.VERSIONS}
        self._numbers = itertools.count()
        self._lock = threading.Lock()
        self.instance = self.new_instance()
        self.alice, self.bob = self.user(), self.user()
        self.admin = self.user()
        self.call("CreateAppInstanceAdmin", AppInstanceArn=self.instance, AppInstanceAdminArn=self.admin)

    def call(self, operation, **parameters):
        operation = self.operations[operation]
        return self.clients[operation.namespace].call(operation, parameters)

    def second_page(self, operation, **parameters):
        """A request for the second entry of a list."""
        parameters["MaxResults"] = 1
        return {**parameters, "NextToken": self.call(operation, **parameters)["NextToken"]}

    def arn(self, service, resource):
        return f"arn:aws:{service}:{self.server['region']}:{self.server['account_id']}:{resource}"

    def name(self, noun):
        with self._lock:
            return f"{noun}-{next(self._numbers)}"

    def new_instance(self):
        return self.call("CreateAppInstance", Name="sweep", Metadata=METADATA)["AppInstanceArn"]

    def user(self):
        name = self.name("user")
        return self.call(
            "CreateAppInstanceUser", AppInstanceArn=self.instance, AppInstanceUserId=name, Name=name, Metadata=METADATA,
            ExpirationSettings=EXPIRATION,
        )["AppInstanceUserArn"]

    def new_admin(self):
        admin = self.user()
        self.call("CreateAppInstanceAdmin", AppInstanceArn=self.instance, AppInstanceAdminArn=admin)
        return admin

    def bot(self):
        return self.call(
            "CreateAppInstanceBot", AppInstanceArn=self.instance, Name="bot", Metadata=METADATA, Configuration=self.lex()
        )["AppInstanceBotArn"]

    def lex(self):
        return {"Lex": {
            "LexBotAliasArn": self.arn("lex", "bot-alias/ABCDEFGHIJ/0123456789"), "LocaleId": "en_US", "WelcomeIntent": "Hello",
            "RespondsTo": "STANDARD_MESSAGES", "InvokedBy": {"StandardMessages": "AUTO", "TargetedMessages": "ALL"},
        }}

    def endpoint(self, user):
        return self.call(
            "RegisterAppInstanceUserEndpoint", AppInstanceUserArn=user, Type="APNS", Name="device",
            ResourceArn=self.arn("mobiletargeting", "apps/0123456789abcdef"), EndpointAttributes=self.device(),
        )["EndpointId"]

    def device(self):
        return {"DeviceToken": self.name("device"), "VoipDeviceToken": "voip"}

    def flow(self):
        return self.call(
            "CreateChannelFlow", AppInstanceArn=self.instance, Name="flow", Processors=self.processors(), ClientRequestToken=str(uuid.uuid4()),
        )["ChannelFlowArn"]

    def processors(self):
        return [{
            "Name": "processor", "ExecutionOrder": 1, "FallbackAction": "ABORT",
            "Configuration": {"Lambda": {"ResourceArn": self.arn("lambda", "function:processor"), "InvocationType": "ASYNC"}},
        }]

    def associated(self, channel, flow=None):
        flow = flow or self.flow()
        self.call("AssociateChannelFlow", ChannelArn=channel, ChannelFlowArn=flow, ChimeBearer=self.alice)
        return flow

    def channel(self, owner=None, **parameters):
        """A channel of alice's, with bob and a message in it; an elastic one is empty."""
        owner = owner or self.alice
        channel = self.call(
            "CreateChannel", AppInstanceArn=self.instance, Name="channel", Metadata=METADATA, ChimeBearer=owner, **parameters
        )["ChannelArn"]
        if "ElasticChannelConfiguration" not in parameters:
            self.call("CreateChannelMembership", ChannelArn=channel, MemberArn=self.bob, Type="DEFAULT", ChimeBearer=owner)
            self.message(ChannelArn=channel, ChimeBearer=self.bob)
        return channel

    def member(self, channel, user=None, **parameters):
        user = user or self.user()
        self.call(
            "CreateChannelMembership", ChannelArn=channel, MemberArn=user, ChimeBearer=self.alice, **{"Type": "DEFAULT", **parameters}
        )
        return user

    def moderator(self, channel):
        user = self.user()
        self.call("CreateChannelModerator", ChannelArn=channel, ChannelModeratorArn=user, ChimeBearer=self.alice)
        return user

    def ban(self, channel):
        user = self.user()
        self.call("CreateChannelBan", ChannelArn=channel, MemberArn=user, ChimeBearer=self.alice)
        return user

    def place(self, plain):
        """A channel, and what says where in it: nothing, or the sub-channel that alice sits in."""
        if plain:
            return {"ChannelArn": self.channel()}
        channel = self.channel(ElasticChannelConfiguration=ELASTIC)
        sub = self.call("ListSubChannels", ChannelArn=channel, ChimeBearer=self.alice)["SubChannels"][0]["SubChannelId"]
        place = {"ChannelArn": channel, "SubChannelId": sub}
        self.member(channel, self.alice, SubChannelId=sub)
        return place

    def message(self, **parameters):
        return self.call(
            "SendChannelMessage", Content="hello", Type="STANDARD", Persistence="PERSISTENT", **{"ChimeBearer": self.alice, **parameters}
        )["MessageId"]

    def rich_message(self, **place):
        """A message of alice's that has everything, and was edited."""
        message = self.message(Metadata=METADATA, MessageAttributes=ATTRIBUTES, ContentType="text/plain", Target=[{"MemberArn": self.alice}], **place)
        self.call("UpdateChannelMessage", MessageId=message, Content="edited", ChimeBearer=self.alice, **place)
        return message

    def streams(self):
        instance = self.new_instance()
        self.call("PutMessagingStreamingConfigurations", AppInstanceArn=instance, StreamingConfigurations=self.streaming())
        return instance

    def streaming(self, data_type="DataType"):
        return [{data_type: "Channel", "ResourceArn": self.arn("kinesis", "stream/chime-messaging-events")}]


class Requests:
    """The parameters of a good request for every operation, which is the name of a method. They have
    every member; the caller takes out what it does not want. It says with plain that it will take out
    SubChannelId, which is good in an elastic channel only. Several requests are returned where no
    single one can have every member."""

    def __init__(self, world):
        self.w = world

    # Channels.

    def CreateChannel(self, plain):
        all = {
            "AppInstanceArn": self.w.instance, "ChannelId": self.w.name("channel"), "Name": "channel", "Mode": "RESTRICTED", "Privacy": "PRIVATE",
            "Metadata": METADATA, "Tags": TAGS, "ExpirationSettings": EXPIRATION, "ModeratorArns": [self.w.bob],
            "ClientRequestToken": str(uuid.uuid4()), "ChimeBearer": self.w.alice,
        }
        apart = {"ChannelId": self.w.name("channel"), "ClientRequestToken": str(uuid.uuid4())}
        return {**all, "MemberArns": [self.w.bob]}, {**all, **apart, "ElasticChannelConfiguration": ELASTIC}

    def DescribeChannel(self, plain):
        channel = self.w.channel(ExpirationSettings=EXPIRATION)
        self.w.associated(channel)
        elastic = self.w.channel(ElasticChannelConfiguration=ELASTIC)
        return {"ChannelArn": channel, "ChimeBearer": self.w.bob}, {"ChannelArn": elastic, "ChimeBearer": self.w.bob}

    def UpdateChannel(self, plain):
        return {
            "ChannelArn": self.w.channel(), "Name": "renamed", "Mode": "UNRESTRICTED", "Metadata": METADATA, "ChimeBearer": self.w.alice,
        }

    def DeleteChannel(self, plain):
        return {"ChannelArn": self.w.channel(), "ChimeBearer": self.w.alice}

    def ListChannels(self, plain):
        other = World(self.w.server)
        thrice(lambda: other.channel(Privacy="PRIVATE"))
        good = {"AppInstanceArn": other.instance, "Privacy": "PRIVATE", "ChimeBearer": other.admin}
        return other.second_page("ListChannels", **good)

    def PutChannelExpirationSettings(self, plain):
        return {"ChannelArn": self.w.channel(), "ExpirationSettings": EXPIRATION, "ChimeBearer": self.w.alice}

    def SearchChannels(self, plain):
        user = self.w.user()
        thrice(lambda: self.w.member(self.w.channel(), user))
        good = {"Fields": [{"Key": "MEMBERS", "Operator": "INCLUDES", "Values": [user, self.w.alice]}], "ChimeBearer": user}
        return self.w.second_page("SearchChannels", **good)

    def ListSubChannels(self, plain):
        channel = self.w.channel(ElasticChannelConfiguration=ELASTIC)
        for _ in range(7):  # three in each of two sub-channels, and one more
            self.w.member(channel)
        good = {"ChannelArn": channel, "ChimeBearer": self.w.alice}
        return self.w.second_page("ListSubChannels", **good)

    # Members, moderators and bans.

    def CreateChannelMembership(self, plain):
        place = self.w.place(plain)
        member = self.w.user() if plain else self.w.moderator(place["ChannelArn"])
        return {**place, "MemberArn": member, "Type": "DEFAULT", "ChimeBearer": self.w.alice}

    def BatchCreateChannelMembership(self, plain):
        place = self.w.place(plain)
        members = [self.w.user() if plain else self.w.moderator(place["ChannelArn"]) for _ in range(2)]
        return {**place, "MemberArns": members, "Type": "DEFAULT", "ChimeBearer": self.w.alice}

    def DescribeChannelMembership(self, plain):
        place = self.w.place(plain)
        return {**place, "MemberArn": self.w.alice, "ChimeBearer": self.w.alice}

    def DeleteChannelMembership(self, plain):
        return self.DescribeChannelMembership(plain)

    def ListChannelMemberships(self, plain):
        place = self.w.place(plain)
        thrice(self.w.member, place["ChannelArn"])
        good = {**place, "Type": "DEFAULT", "ChimeBearer": self.w.alice}
        return self.w.second_page("ListChannelMemberships", **good)

    def DescribeChannelMembershipForAppInstanceUser(self, plain):
        channel = self.w.channel()
        self.w.call("UpdateChannelReadMarker", ChannelArn=channel, ChimeBearer=self.w.bob)
        return {"ChannelArn": channel, "AppInstanceUserArn": self.w.bob, "ChimeBearer": self.w.bob}

    def ListChannelMembershipsForAppInstanceUser(self, plain):
        user = self.w.user()
        thrice(lambda: self.w.call("UpdateChannelReadMarker", ChannelArn=self.w.channel(user), ChimeBearer=user))
        good = {"AppInstanceUserArn": user, "ChimeBearer": user}
        return self.w.second_page("ListChannelMembershipsForAppInstanceUser", **good)

    def PutChannelMembershipPreferences(self, plain):
        preferences = {"PushNotifications": {"AllowNotifications": "FILTERED", "FilterRule": '{"color": ["red"]}'}}
        return {"ChannelArn": self.w.channel(), "MemberArn": self.w.bob, "Preferences": preferences, "ChimeBearer": self.w.bob}

    def GetChannelMembershipPreferences(self, plain):
        put = self.PutChannelMembershipPreferences(plain)
        self.w.call("PutChannelMembershipPreferences", **put)
        del put["Preferences"]
        return put

    def CreateChannelModerator(self, plain):
        return {"ChannelArn": self.w.channel(), "ChannelModeratorArn": self.w.bob, "ChimeBearer": self.w.alice}

    def DescribeChannelModerator(self, plain):
        return {"ChannelArn": self.w.channel(), "ChannelModeratorArn": self.w.alice, "ChimeBearer": self.w.alice}

    def DeleteChannelModerator(self, plain):
        return self.DescribeChannelModerator(plain)

    def ListChannelModerators(self, plain):
        channel = self.w.channel()
        thrice(self.w.moderator, channel)
        good = {"ChannelArn": channel, "ChimeBearer": self.w.alice}
        return self.w.second_page("ListChannelModerators", **good)

    def DescribeChannelModeratedByAppInstanceUser(self, plain):
        return {"ChannelArn": self.w.channel(), "AppInstanceUserArn": self.w.alice, "ChimeBearer": self.w.alice}

    def ListChannelsModeratedByAppInstanceUser(self, plain):
        user = self.w.user()
        thrice(self.w.channel, user)
        good = {"AppInstanceUserArn": user, "ChimeBearer": user}
        return self.w.second_page("ListChannelsModeratedByAppInstanceUser", **good)

    def CreateChannelBan(self, plain):
        return {"ChannelArn": self.w.channel(), "MemberArn": self.w.bob, "ChimeBearer": self.w.alice}

    def DescribeChannelBan(self, plain):
        channel = self.w.channel()
        return {"ChannelArn": channel, "MemberArn": self.w.ban(channel), "ChimeBearer": self.w.alice}

    def DeleteChannelBan(self, plain):
        return self.DescribeChannelBan(plain)

    def ListChannelBans(self, plain):
        channel = self.w.channel()
        thrice(self.w.ban, channel)
        good = {"ChannelArn": channel, "ChimeBearer": self.w.alice}
        return self.w.second_page("ListChannelBans", **good)

    # Messages.

    def SendChannelMessage(self, plain):
        return {
            **self.w.place(plain), "Content": "hello", "Type": "STANDARD", "Persistence": "PERSISTENT", "Metadata": METADATA,
            "PushNotification": PUSH, "MessageAttributes": ATTRIBUTES, "ContentType": "text/plain", "Target": [{"MemberArn": self.w.alice}],
            "ClientRequestToken": str(uuid.uuid4()), "ChimeBearer": self.w.alice,
        }

    def GetChannelMessage(self, plain):
        place = self.w.place(plain)
        return {**place, "MessageId": self.w.rich_message(**place), "ChimeBearer": self.w.alice}

    def GetChannelMessageStatus(self, plain):
        return self.GetChannelMessage(plain)

    def UpdateChannelMessage(self, plain):
        return {**self.GetChannelMessage(plain), "Content": "edited", "Metadata": METADATA, "ContentType": "text/plain"}

    def RedactChannelMessage(self, plain):
        return self.GetChannelMessage(plain)

    def DeleteChannelMessage(self, plain):
        return {**self.GetChannelMessage(plain), "ChimeBearer": self.w.admin}

    def ListChannelMessages(self, plain):
        place = self.w.place(plain)
        thrice(lambda: self.w.rich_message(**place))
        good = {**place, "SortOrder": "ASCENDING", "NotBefore": LONG_AGO, "NotAfter": LATER, "ChimeBearer": self.w.alice}
        return self.w.second_page("ListChannelMessages", **good)

    def UpdateChannelReadMarker(self, plain):
        return {"ChannelArn": self.w.channel(), "ChimeBearer": self.w.bob}

    # Flows and streams.

    def CreateChannelFlow(self, plain):
        return {
            "AppInstanceArn": self.w.instance, "Name": "flow", "Processors": self.w.processors(), "Tags": TAGS, "ClientRequestToken": str(uuid.uuid4()),
        }

    def DescribeChannelFlow(self, plain):
        return {"ChannelFlowArn": self.w.flow()}

    def UpdateChannelFlow(self, plain):
        return {"ChannelFlowArn": self.w.flow(), "Name": "renamed", "Processors": self.w.processors()}

    def DeleteChannelFlow(self, plain):
        return {"ChannelFlowArn": self.w.flow()}

    def ListChannelFlows(self, plain):
        thrice(self.w.flow)
        good = {"AppInstanceArn": self.w.instance}
        return self.w.second_page("ListChannelFlows", **good)

    def AssociateChannelFlow(self, plain):
        return {"ChannelArn": self.w.channel(), "ChannelFlowArn": self.w.flow(), "ChimeBearer": self.w.alice}

    def DisassociateChannelFlow(self, plain):
        channel = self.w.channel()
        return {"ChannelArn": channel, "ChannelFlowArn": self.w.associated(channel), "ChimeBearer": self.w.alice}

    def ListChannelsAssociatedWithChannelFlow(self, plain):
        flow = self.w.flow()
        thrice(lambda: self.w.associated(self.w.channel(), flow))
        good = {"ChannelFlowArn": flow}
        return self.w.second_page("ListChannelsAssociatedWithChannelFlow", **good)

    def ChannelFlowCallback(self, plain):
        # Only a processor is told the CallbackId.
        return {
            "ChannelArn": self.w.channel(), "CallbackId": str(uuid.uuid4()), "DeleteResource": True, "ChannelMessage": {
                "MessageId": "message", "Content": "hello", "Metadata": METADATA, "PushNotification": PUSH, "MessageAttributes": ATTRIBUTES,
                "SubChannelId": "sub-channel", "ContentType": "text/plain",
            },
        }

    def PutMessagingStreamingConfigurations(self, plain):
        return {"AppInstanceArn": self.w.instance, "StreamingConfigurations": self.w.streaming()}

    def GetMessagingStreamingConfigurations(self, plain):
        return {"AppInstanceArn": self.w.streams()}

    def DeleteMessagingStreamingConfigurations(self, plain):
        return {"AppInstanceArn": self.w.streams()}

    def PutAppInstanceStreamingConfigurations(self, plain):
        return {"AppInstanceArn": self.w.instance, "AppInstanceStreamingConfigurations": self.w.streaming("AppInstanceDataType")}

    def GetAppInstanceStreamingConfigurations(self, plain):
        return self.GetMessagingStreamingConfigurations(plain)

    def DeleteAppInstanceStreamingConfigurations(self, plain):
        return self.GetMessagingStreamingConfigurations(plain)

    def GetMessagingSessionEndpoint(self, plain):
        return {"NetworkType": "IPV4_ONLY"}

    # Tags.

    def TagResource(self, plain):
        return {"ResourceARN": self.w.channel(), "Tags": TAGS}

    def UntagResource(self, plain):
        return {"ResourceARN": self.w.channel(Tags=TAGS), "TagKeys": ["team"]}

    def ListTagsForResource(self, plain):
        return {"ResourceARN": self.w.channel(Tags=TAGS)}

    # App instances and their admins.

    def CreateAppInstance(self, plain):
        return {"Name": "app", "Metadata": METADATA, "Tags": TAGS, "ClientRequestToken": str(uuid.uuid4())}

    def DescribeAppInstance(self, plain):
        return {"AppInstanceArn": self.w.new_instance()}

    def UpdateAppInstance(self, plain):
        return {"AppInstanceArn": self.w.new_instance(), "Name": "renamed", "Metadata": METADATA}

    def DeleteAppInstance(self, plain):
        return {"AppInstanceArn": self.w.new_instance()}

    def ListAppInstances(self, plain):
        thrice(self.w.new_instance)
        return self.w.second_page("ListAppInstances")

    def PutAppInstanceRetentionSettings(self, plain):
        settings = {"ChannelRetentionSettings": {"RetentionDays": 5}}
        return {"AppInstanceArn": self.w.new_instance(), "AppInstanceRetentionSettings": settings}

    def GetAppInstanceRetentionSettings(self, plain):
        put = self.PutAppInstanceRetentionSettings(plain)
        self.w.call("PutAppInstanceRetentionSettings", **put)
        return {"AppInstanceArn": put["AppInstanceArn"]}

    def CreateAppInstanceAdmin(self, plain):
        return {"AppInstanceArn": self.w.instance, "AppInstanceAdminArn": self.w.user()}

    def DescribeAppInstanceAdmin(self, plain):
        return {"AppInstanceArn": self.w.instance, "AppInstanceAdminArn": self.w.admin}

    def DeleteAppInstanceAdmin(self, plain):
        return {"AppInstanceArn": self.w.instance, "AppInstanceAdminArn": self.w.new_admin()}

    def ListAppInstanceAdmins(self, plain):
        thrice(self.w.new_admin)
        good = {"AppInstanceArn": self.w.instance}
        return self.w.second_page("ListAppInstanceAdmins", **good)

    # Users, their endpoints, and bots.

    def CreateAppInstanceUser(self, plain):
        return {
            "AppInstanceArn": self.w.instance, "AppInstanceUserId": self.w.name("user"), "Name": "User", "Metadata": METADATA, "Tags": TAGS,
            "ExpirationSettings": EXPIRATION, "ClientRequestToken": str(uuid.uuid4()),
        }

    def DescribeAppInstanceUser(self, plain):
        return {"AppInstanceUserArn": self.w.bob}

    def UpdateAppInstanceUser(self, plain):
        return {"AppInstanceUserArn": self.w.user(), "Name": "renamed", "Metadata": METADATA}

    def DeleteAppInstanceUser(self, plain):
        return {"AppInstanceUserArn": self.w.user()}

    def ListAppInstanceUsers(self, plain):
        thrice(self.w.user)
        good = {"AppInstanceArn": self.w.instance}
        return self.w.second_page("ListAppInstanceUsers", **good)

    def PutAppInstanceUserExpirationSettings(self, plain):
        return {"AppInstanceUserArn": self.w.user(), "ExpirationSettings": EXPIRATION}

    def RegisterAppInstanceUserEndpoint(self, plain):
        return {
            "AppInstanceUserArn": self.w.bob, "Type": "APNS", "Name": "device", "AllowMessages": "ALL", "ClientRequestToken": str(uuid.uuid4()),
            "ResourceArn": self.w.arn("mobiletargeting", "apps/0123456789abcdef"),
            "EndpointAttributes": self.w.device(),
        }

    def DescribeAppInstanceUserEndpoint(self, plain):
        user = self.w.user()
        return {"AppInstanceUserArn": user, "EndpointId": self.w.endpoint(user)}

    def UpdateAppInstanceUserEndpoint(self, plain):
        return {**self.DescribeAppInstanceUserEndpoint(plain), "Name": "renamed", "AllowMessages": "NONE"}

    def DeregisterAppInstanceUserEndpoint(self, plain):
        return self.DescribeAppInstanceUserEndpoint(plain)

    def ListAppInstanceUserEndpoints(self, plain):
        user = self.w.user()
        thrice(self.w.endpoint, user)
        good = {"AppInstanceUserArn": user}
        return self.w.second_page("ListAppInstanceUserEndpoints", **good)

    def CreateAppInstanceBot(self, plain):
        return {
            "AppInstanceArn": self.w.instance, "Name": "bot", "Metadata": METADATA, "Tags": TAGS, "Configuration": self.w.lex(),
            "ClientRequestToken": str(uuid.uuid4()),
        }

    def DescribeAppInstanceBot(self, plain):
        return {"AppInstanceBotArn": self.w.bot()}

    def UpdateAppInstanceBot(self, plain):
        return {"AppInstanceBotArn": self.w.bot(), "Name": "renamed", "Metadata": METADATA, "Configuration": self.w.lex()}

    def DeleteAppInstanceBot(self, plain):
        return {"AppInstanceBotArn": self.w.bot()}

    def ListAppInstanceBots(self, plain):
        thrice(self.w.bot)
        good = {"AppInstanceArn": self.w.instance}
        return self.w.second_page("ListAppInstanceBots", **good)
