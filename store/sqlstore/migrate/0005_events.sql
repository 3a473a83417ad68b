-- The log of durable events: what those who listen, and were away, are told from. A message that was sent
-- at its own place of the stream is not in it, because the row of the message tells the same.

-- message is the place of the message that the event shows as it is when it is told; 0 of other events,
-- which have a payload. members are the keys of those who are left out of the payload, eight bytes each:
-- a batch of a hundred in full would be four pages. leaver is the identity that leaves the stream by the event, 0 for none.
CREATE TABLE channel_event (
	stream       bigint NOT NULL,
	sequence     bigint NOT NULL,
	happened     bigint NOT NULL,
	message      bigint NOT NULL,
	leaver       bigint NOT NULL,
	type         {text} NOT NULL,
	message_type {text} NOT NULL,
	reason       {text} NOT NULL,
	leaves       {text} NOT NULL,
	audience     {text} NOT NULL,
	members      {bytes} NOT NULL,
	payload      {text} NOT NULL,
	PRIMARY KEY (stream, sequence)
) {clustered};
CREATE INDEX channel_event_age ON channel_event (happened);
CREATE INDEX channel_event_leaver ON channel_event (leaver, happened) WHERE leaver <> 0;

-- due is the time from which on something is cleaned up: until then others may still have to be told what
-- became of it.
ALTER TABLE cleanup ADD COLUMN due bigint NOT NULL DEFAULT 0;
CREATE INDEX cleanup_due ON cleanup (kind, due, key);

-- A deleted channel is found by its name for as long as its row is there.
CREATE INDEX channel_ended ON channel (id, instance) WHERE deleted = 1;
