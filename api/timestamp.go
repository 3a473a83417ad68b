package api

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"time"
)

// TimeFormat says how times are written: the API and the events differ.
type TimeFormat uint8

const (
	// EpochSeconds writes a JSON number of seconds with a fraction: the answers of the API.
	EpochSeconds TimeFormat = iota
	// ISO8601 writes a string with exactly three fraction digits: the payloads of events.
	ISO8601
)

// isoMillis is the form that clients of the session protocol parse, digit for digit.
const isoMillis = "2006-01-02T15:04:05.000Z"

// Timestamp is a moment with the precision of the API, one millisecond. The zero value is absent.
type Timestamp struct{ time.Time }

// Time makes a Timestamp.
func Time(t time.Time) Timestamp { return Timestamp{t} }

func (t Timestamp) append(b []byte, f TimeFormat) []byte {
	if f == ISO8601 {
		b = append(b, '"')
		b = t.UTC().AppendFormat(b, isoMillis)
		return append(b, '"')
	}
	ms := t.UnixMilli()
	if ms < 0 {
		b = append(b, '-')
		ms = -ms
	}
	b = strconv.AppendInt(b, ms/1000, 10)
	if frac := ms % 1000; frac != 0 {
		b = append(b, '.', byte('0'+frac/100), byte('0'+frac/10%10), byte('0'+frac%10))
	}
	return b
}

// MarshalJSON writes epoch seconds. It serves tools; the server writes through AppendJSON.
func (t Timestamp) MarshalJSON() ([]byte, error) { return t.append(nil, EpochSeconds), nil }

// UnmarshalJSON reads both forms. It serves tools that read answers and events.
func (t *Timestamp) UnmarshalJSON(b []byte) error {
	text := string(b)
	if text == "null" {
		return nil
	}
	if len(text) > 1 && text[0] == '"' {
		parsed, err := time.Parse(time.RFC3339Nano, text[1:len(text)-1])
		if err != nil {
			return err
		}
		t.Time = parsed.UTC()
		return nil
	}
	parsed, ok := parseEpoch(text)
	if !ok {
		return errors.New("api: " + text + " is no time in epoch seconds")
	}
	t.Time = parsed
	return nil
}

// parseEpoch reads epoch seconds, to the nearest millisecond, of the years that ISO 8601 can write.
func parseEpoch(text string) (time.Time, bool) {
	seconds, err := strconv.ParseFloat(text, 64)
	if err != nil || strings.ContainsAny(text, "xX_") {
		return time.Time{}, false
	}
	if !(seconds >= minEpoch && seconds < maxEpoch) { // NaN is on neither side
		return time.Time{}, false
	}
	return time.UnixMilli(int64(math.Round(seconds * 1000))).UTC(), true
}

// The first second of the year 0 and the first after the year 9999.
const minEpoch, maxEpoch = -62167219200, 253402300800
