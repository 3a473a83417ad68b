-- Channel flows, the messages that are in them, streaming configurations and the outbox.

CREATE TABLE channel_flow (
	key        {key},
	instance   bigint   NOT NULL,
	created    bigint   NOT NULL,
	updated    bigint   NOT NULL,
	deleted    smallint NOT NULL,
	id         {text}   NOT NULL,
	name       {text}   NOT NULL,
	processors {text}   NOT NULL
);
CREATE UNIQUE INDEX channel_flow_name ON channel_flow (id, instance) WHERE deleted = 0;
CREATE INDEX channel_flow_list ON channel_flow (instance, key) WHERE deleted = 0;
CREATE INDEX channel_flow_ended ON channel_flow (instance, key) WHERE deleted = 1;

-- flow is the key of the channel's flow, 0 for none.
ALTER TABLE channel ADD COLUMN flow bigint NOT NULL DEFAULT 0;
CREATE INDEX channel_of_flow ON channel (flow, key) WHERE flow <> 0 AND deleted = 0;

-- The processors that were asked about a message. sequence is 0 for a message that is not stored.
CREATE TABLE flow_invocation (
	channel   bigint   NOT NULL,
	callback  {text}   NOT NULL,
	flow      bigint   NOT NULL,
	step      smallint NOT NULL,
	continues smallint NOT NULL,
	stream    bigint   NOT NULL,
	sequence  bigint   NOT NULL,
	sender    bigint   NOT NULL,
	target    bigint   NOT NULL,
	updates   smallint NOT NULL,
	done      smallint NOT NULL,
	invoked   bigint   NOT NULL,
	held      {text}   NOT NULL,
	PRIMARY KEY (channel, callback)
) {clustered};
CREATE INDEX flow_invocation_age ON flow_invocation (invoked);

-- The ARNs of the streams that the events of an app instance go to; empty for none.
ALTER TABLE app_instance ADD COLUMN channel_stream {text} NOT NULL DEFAULT '';
ALTER TABLE app_instance ADD COLUMN message_stream {text} NOT NULL DEFAULT '';

-- Calls to the outside that are still to be made, each lane in its order: what is put at the end of a
-- lane touches no other row. kind is a store.DeliveryKind.
CREATE TABLE outbox (
	lane        bigint   NOT NULL,
	sequence    bigint   NOT NULL,
	key         bigint   NOT NULL,
	instance    bigint   NOT NULL,
	kind        smallint NOT NULL,
	created     bigint   NOT NULL,
	attempts    bigint   NOT NULL,
	next        bigint   NOT NULL,
	destination {text}   NOT NULL,
	payload     {text}   NOT NULL,
	PRIMARY KEY (lane, sequence, key)
) {clustered};

CREATE TABLE outbox_dead (
	key         {key},
	lane        bigint   NOT NULL,
	sequence    bigint   NOT NULL,
	instance    bigint   NOT NULL,
	kind        smallint NOT NULL,
	created     bigint   NOT NULL,
	attempts    bigint   NOT NULL,
	next        bigint   NOT NULL,
	died        bigint   NOT NULL,
	destination {text}   NOT NULL,
	reason      {text}   NOT NULL,
	payload     {text}   NOT NULL
);
