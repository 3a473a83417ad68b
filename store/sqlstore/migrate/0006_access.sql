-- Who may call: accounts, those who own keys, their keys, roles, who vouches for those who take a role, and
-- the policies of owners and roles. Everything has the account it belongs to, and goes with it.

-- A row outlives its account, so that other nodes learn of its end and nobody gets its id again. generation
-- grows over all accounts: what was changed after a generation has a greater one.
CREATE TABLE account (
	key        {key},
	created    bigint   NOT NULL,
	generation bigint   NOT NULL,
	deleted    smallint NOT NULL,
	id         {text}   NOT NULL,
	name       {text}   NOT NULL
);
CREATE UNIQUE INDEX account_id ON account (id);
CREATE INDEX account_generation ON account (generation);

-- folded is the name in small letters: names are not told apart by case.
CREATE TABLE key_owner (
	key     {key},
	created bigint NOT NULL,
	account {text} NOT NULL,
	name    {text} NOT NULL,
	folded  {text} NOT NULL,
	path    {text} NOT NULL,
	tags    {text} NOT NULL
);
CREATE UNIQUE INDEX key_owner_name ON key_owner (folded, account);
CREATE INDEX key_owner_account ON key_owner (account, key);

-- owner is 0 for a key of the root of the account. secret is sealed.
CREATE TABLE access_key (
	key          {key},
	owner        bigint   NOT NULL,
	disabled     smallint NOT NULL,
	created      bigint   NOT NULL,
	used         bigint   NOT NULL,
	id           {text}   NOT NULL,
	account      {text}   NOT NULL,
	secret       {bytes}  NOT NULL,
	used_service {text}   NOT NULL,
	used_region  {text}   NOT NULL
);
CREATE UNIQUE INDEX access_key_id ON access_key (id);
CREATE INDEX access_key_owner ON access_key (account, owner, key);

CREATE TABLE role (
	key            {key},
	max_session    bigint NOT NULL,
	revoked_before bigint NOT NULL,
	created        bigint NOT NULL,
	account        {text} NOT NULL,
	name           {text} NOT NULL,
	folded         {text} NOT NULL,
	path           {text} NOT NULL,
	description    {text} NOT NULL,
	trust          {text} NOT NULL,
	tags           {text} NOT NULL
);
CREATE UNIQUE INDEX role_name ON role (folded, account);
CREATE INDEX role_account ON role (account, key);

CREATE TABLE identity_provider (
	key         {key},
	created     bigint NOT NULL,
	account     {text} NOT NULL,
	url         {text} NOT NULL,
	client_ids  {text} NOT NULL,
	thumbprints {text} NOT NULL
);
CREATE UNIQUE INDEX identity_provider_url ON identity_provider (url, account);
CREATE INDEX identity_provider_account ON identity_provider (account, key);

-- A policy that is attached has no document here: its name says which one it is.
CREATE TABLE principal_policy (
	principal bigint   NOT NULL,
	attached  smallint NOT NULL,
	name      {text}   NOT NULL,
	account   {text}   NOT NULL,
	document  {text}   NOT NULL,
	PRIMARY KEY (principal, attached, name)
) {clustered};
CREATE INDEX principal_policy_account ON principal_policy (account);
