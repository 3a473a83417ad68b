package sqlstore

import (
	"encoding/binary"
	"regexp"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgtype"
)

// A statement that is run for many rows of arguments costs the server most of its time in beginning and
// ending each run. In the texts of this file each parameter is an array with the argument of every run,
// so that one run of the text does what all runs of the statement do. OFFSET 0 keeps the server from
// finding another way to the same: it would rather read a small table once than look up a row for every run,
// and then conflict with whoever writes there.

// rowsText is such a text of a statement. Its answers have one column more, which says from 1 on which
// run of the statement a row is of. It is empty where there is none.
func rowsText(s *statement) string {
	if s.params == 0 || s.writes && strings.Contains(s.text, " RETURNING ") {
		return ""
	}
	text := parameter.ReplaceAllStringFunc(s.text, func(p string) string { return "given.p" + p[1:] })
	switch verb, _, _ := strings.Cut(s.text, " "); verb {
	case "SELECT", "WITH":
		return "SELECT found.*, given.n FROM " + given(s.params) + " CROSS JOIN LATERAL (" + text + " OFFSET 0) found"
	case "INSERT":
		return insertedRows(text, given(s.params))
	case "UPDATE":
		if at := where.FindStringIndex(text); at != nil && strings.Count(text[:at[0]], "(") == strings.Count(text[:at[0]], ")") {
			return text[:at[0]] + " FROM " + given(s.params) + apart(text[at[0]:])
		}
	}
	return ""
}

var where = regexp.MustCompile(`\s+WHERE\s`)

// given is the table of the arguments: a row for every run, a column for every parameter, and the number
// of the run.
func given(params int) string {
	var arrays, names []string
	for i := range params {
		n := strconv.Itoa(i + 1)
		arrays, names = append(arrays, "$"+n), append(names, "p"+n)
	}
	return "unnest(" + strings.Join(arrays, ", ") + ") WITH ORDINALITY given (" + strings.Join(names, ", ") + ", n)"
}

// apart keeps what is asked by EXISTS a look-up for every row.
func apart(condition string) string {
	before, after, ok := strings.Cut(condition, "EXISTS (")
	if !ok {
		return condition
	}
	inside, after := closing(after)
	return before + "EXISTS (" + inside + " OFFSET 0" + apart(after)
}

// insertedRows makes of an INSERT … VALUES one that selects the same from a table.
func insertedRows(text, from string) string {
	into, values, ok := strings.Cut(text, "VALUES (")
	if !ok {
		return ""
	}
	values, after := closing(values)
	return into + "SELECT " + values + " FROM " + from + after[1:]
}

// closing cuts a text before the parenthesis that closes what was opened before it.
func closing(text string) (inside, after string) {
	depth := 1
	at := strings.IndexFunc(text, func(c rune) bool {
		switch c {
		case '(':
			depth++
		case ')':
			depth--
		}
		return depth == 0
	})
	return text[:at], text[at:]
}

// assumedRowsText is assumedText of many rows: an error where not every run changes a record. An UPDATE
// changes a record once, so runs that are about the same one fail too.
func assumedRowsText(text string) string {
	if !strings.HasPrefix(text, "UPDATE") {
		return assumedText(text)
	}
	return "WITH changed AS (" + text + " RETURNING 1) SELECT 1 / CASE WHEN count(*) = cardinality($1) THEN 1 ELSE 0 END FROM changed"
}

// The types of the arrays, and of what is in them.
var (
	elementTypes = [...]uint32{integerValue: pgtype.Int8OID, textValue: pgtype.TextOID, blobValue: pgtype.ByteaOID}
	arrayTypes   = [...]uint32{integerValue: pgtype.Int8ArrayOID, textValue: pgtype.TextArrayOID, blobValue: pgtype.ByteaArrayOID}
)

// appendColumn writes one argument of every run as an array, in the binary format.
func appendColumn(b []byte, args []value, params, column int) []byte {
	b = binary.BigEndian.AppendUint32(b, 1) // dimensions
	b = binary.BigEndian.AppendUint32(b, 0) // none is NULL
	b = binary.BigEndian.AppendUint32(b, elementTypes[args[column].kind])
	b = binary.BigEndian.AppendUint32(b, uint32(len(args)/params))
	b = binary.BigEndian.AppendUint32(b, 1) // the first index
	for i := column; i < len(args); i += params {
		length := len(b)
		b = appendValue(binary.BigEndian.AppendUint32(b, 0), &args[i])
		binary.BigEndian.PutUint32(b[length:], uint32(len(b)-length-4))
	}
	return b
}
