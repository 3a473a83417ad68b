package api

import (
	"slices"
	"strings"
)

// ReasonHeader is the header of an answer, or of the one that opens a WebSocket, that says by which rule
// something was refused or is not there. It is not AWS's: it is sent only where that is switched on.
const ReasonHeader = "X-Carillon-Reason"

// maxReason is the longest value of that header, in bytes.
const maxReason = 512

// ReasonValue makes a reason fit for the header: it may hold words of the caller's.
func ReasonValue(reason string) string {
	printable := strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, reason)
	return printable[:min(len(printable), maxReason)]
}

// Why gathers the rules by which an answer holds less than there is. Only the request that it was made for
// may use it.
type Why struct{ rules []string }

// add notes a rule once: what is done in a transaction may be done again.
func (w *Why) add(rule string) {
	if !slices.Contains(w.rules, rule) {
		w.rules = append(w.rules, rule)
	}
}

// String is all rules in one line; empty when there are none.
func (w *Why) String() string {
	if w == nil {
		return ""
	}
	return strings.Join(w.rules, "; ")
}
