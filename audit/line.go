package audit

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"carillon/api"
)

// The bounds of what callers choose, in bytes, and of how many resources are named.
const (
	maxARN       = 1600 // the longest there is
	maxUserAgent = 256
	maxReason    = 512
	maxOther     = 128
	maxResources = 128
)

// line is a deed as it is written. The names of its members are what readers of the log depend on.
type line struct {
	Time        string   `json:"time"`
	Action      string   `json:"action"`
	Outcome     string   `json:"outcome"` // done, refused, failed or denied
	Status      int      `json:"status"`
	Error       string   `json:"error,omitempty"`
	Reason      string   `json:"reason,omitempty"`
	Account     string   `json:"account,omitempty"`
	Principal   string   `json:"principal,omitempty"`
	AccessKeyID string   `json:"access_key_id,omitempty"`
	Bearer      string   `json:"bearer,omitempty"`
	Resources   []string `json:"resources,omitempty"`
	More        int      `json:"more_resources,omitempty"`
	Source      string   `json:"source,omitempty"`
	UserAgent   string   `json:"user_agent,omitempty"`
	RequestID   string   `json:"request_id,omitempty"`
}

// gap stands for deeds that have no line.
type gap struct {
	Time      string `json:"time"`
	Action    string `json:"action"`
	Lost      int    `json:"lost,omitempty"`
	Strangers int    `json:"unknown_callers_denied,omitempty"`
}

// gapAction is the action of a line that says what is missing.
const gapAction = "carillon:Missing"

func stamp(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.000Z") }

// appendDeed appends the line of a deed.
func appendDeed(b []byte, at time.Time, d *api.Deed) []byte {
	w := line{
		Time: stamp(at), Action: clip(d.Action, maxOther), Outcome: outcome(d), Status: d.Status,
		AccessKeyID: clip(d.AccessKeyID, maxOther), Source: clip(d.SourceAddress, maxOther),
		UserAgent: clip(d.UserAgent, maxUserAgent), RequestID: clip(d.RequestID, maxOther),
	}
	if c := d.Caller; c != nil {
		w.Account, w.Principal, w.AccessKeyID = c.Account, clip(c.Principal, maxARN), clip(c.AccessKeyID, maxOther)
		w.Bearer = clip(c.Bearer, maxARN)
	}
	if d.Err != nil {
		w.Error = d.Err.Kind.String()
		if d.Denied() {
			w.Reason = clip(d.Err.Reason, maxReason)
		}
	}
	w.Resources, w.More = resources(d)
	return appendJSON(b, w)
}

func appendMissing(b []byte, at time.Time, m missing) []byte {
	return appendJSON(b, gap{Time: stamp(at), Action: gapAction, Lost: m.lost, Strangers: m.strangers})
}

func appendJSON(b []byte, v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		panic("audit: " + err.Error()) // strings and numbers are always written
	}
	return append(append(b, text...), '\n')
}

// outcome says in one word how a deed ended.
func outcome(d *api.Deed) string {
	switch {
	case d.Err == nil:
		return "done"
	case d.Denied():
		return "denied"
	case d.Status >= 500 || d.Status == 499:
		return "failed" // a caller who went away does not know either
	default:
		return "refused"
	}
}

// clip bounds a text that a caller may have chosen. What is no UTF-8 is made valid when it is written.
func clip(s string, max int) string {
	if len(s) <= max {
		return s
	}
	return strings.ToValidUTF8(s[:max], "") + "…"
}

// resources are the ARNs that a deed acted on, each once, and how many more there were.
func resources(d *api.Deed) (list []string, more int) {
	add := func(name string) {
		switch {
		case name == "" || slices.Contains(list, name):
		case len(list) == maxResources:
			more++
		default:
			list = append(list, clip(name, maxARN))
		}
	}
	for _, name := range d.Resources {
		add(name)
	}
	for _, v := range []any{d.Input, d.Output} {
		eachARN(v, add)
	}
	return list, more
}

// eachARN calls add with every ARN that a request or an answer names in a member of its own: what it
// acts on, whom it adds, what it made. Only members whose names end in Arn or Arns are looked at.
func eachARN(v any, add func(string)) {
	s := reflect.ValueOf(v)
	if s.Kind() == reflect.Pointer {
		s = s.Elem()
	}
	if s.Kind() != reflect.Struct {
		return
	}
	for _, i := range arnMembers(s.Type()) {
		switch member := s.Field(i); member.Kind() {
		case reflect.String:
			add(member.String())
		case reflect.Slice:
			for j := range member.Len() {
				add(member.Index(j).String())
			}
		}
	}
}

// members has, by the types of requests and answers, the places of the members that hold ARNs.
var members sync.Map

func arnMembers(t reflect.Type) []int {
	if known, ok := members.Load(t); ok {
		return known.([]int)
	}
	var places []int
	for i := range t.NumField() {
		f := t.Field(i)
		name := strings.ToLower(f.Name)
		text := f.Type.Kind() == reflect.String || f.Type.Kind() == reflect.Slice && f.Type.Elem().Kind() == reflect.String
		if f.IsExported() && text && (strings.HasSuffix(name, "arn") || strings.HasSuffix(name, "arns")) {
			places = append(places, i)
		}
	}
	members.Store(t, places)
	return places
}
