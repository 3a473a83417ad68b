package sqlstore

import "strings"

// dialect is what the engines call by different names in the text of the schema. Statements have no
// such words: they are the same for all.
type dialect struct {
	words *strings.Replacer
}

func (d dialect) schema(text string) string { return d.words.Replace(text) }

// sqliteDialect clusters every table by its primary key: by a rowid that is the key where the key
// is all there is to it, which is SQLite's fastest look-up, and without a rowid elsewhere. Text
// collates bytewise unless told otherwise, and keeps U+0000 because its length is always bound
// and read along with it; no statement may use the functions of text that stop at the first one.
var sqliteDialect = dialect{words: strings.NewReplacer(
	"{key}", "INTEGER PRIMARY KEY NOT NULL",
	"{text}", "TEXT",
	"{bytes}", "BLOB",
	"{clustered}", "WITHOUT ROWID",
)}

// postgresDialect is for the PostgreSQL protocol. Its text refuses U+0000, so text goes through
// escapeNUL on the way in and through unescapeNUL on the way out.
var postgresDialect = dialect{words: strings.NewReplacer(
	"{key}", "bigint PRIMARY KEY",
	"{text}", `text COLLATE "C"`,
	"{bytes}", "bytea",
	"{clustered}", "",
)}

var (
	nulEscaper   = strings.NewReplacer("\x00", "\x01\x01", "\x01", "\x01\x02")
	nulUnescaper = strings.NewReplacer("\x01\x01", "\x00", "\x01\x02", "\x01")
)

// escapeNUL writes text without U+0000. Different texts stay different, and their bytewise order
// stays the same.
func escapeNUL(s string) string {
	if strings.IndexByte(s, 0) < 0 && strings.IndexByte(s, 1) < 0 {
		return s // as nearly always
	}
	return nulEscaper.Replace(s)
}

// unescapeNUL undoes escapeNUL.
func unescapeNUL(s string) string {
	if strings.IndexByte(s, 1) < 0 {
		return s
	}
	return nulUnescaper.Replace(s)
}
