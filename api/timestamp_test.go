package api

import (
	"encoding/json"
	"testing"
	"time"
)

func TestTimestampText(t *testing.T) {
	for _, c := range []struct {
		name       string
		time       time.Time
		epoch, iso string
	}{
		{"a moment", time.UnixMilli(1704164645678), "1704164645.678", "2024-01-02T03:04:05.678Z"},
		{"a whole second", time.Unix(1704164645, 0), "1704164645", "2024-01-02T03:04:05.000Z"},
		{"a tenth", time.UnixMilli(1704164645100), "1704164645.100", "2024-01-02T03:04:05.100Z"},
		{"a thousandth", time.UnixMilli(1704164645001), "1704164645.001", "2024-01-02T03:04:05.001Z"},
		{"less than a millisecond, which is cut off", time.Unix(1704164645, 678_999_999), "1704164645.678", "2024-01-02T03:04:05.678Z"},
		{"almost a second", time.Unix(1704164645, 999_999_999), "1704164645.999", "2024-01-02T03:04:05.999Z"},
		{"the epoch", time.Unix(0, 0), "0", "1970-01-01T00:00:00.000Z"},
		{"just after the epoch", time.UnixMilli(1), "0.001", "1970-01-01T00:00:00.001Z"},
		{"just before the epoch", time.UnixMilli(-1), "-0.001", "1969-12-31T23:59:59.999Z"},
		{"before the epoch", time.UnixMilli(-1500), "-1.500", "1969-12-31T23:59:58.500Z"},
		{"a whole second before the epoch", time.Unix(-2, 0), "-2", "1969-12-31T23:59:58.000Z"},
		{"less than a millisecond before the epoch", time.Unix(0, -1), "-0.001", "1969-12-31T23:59:59.999Z"},
		{"another zone", time.Date(2024, 1, 2, 5, 34, 5, 678e6, time.FixedZone("", 9000)), "1704164645.678", "2024-01-02T03:04:05.678Z"},
		{"a leap day", time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC), "1709164800", "2024-02-29T00:00:00.000Z"},
		{"the end", time.Date(9999, 12, 31, 23, 59, 59, 999e6, time.UTC), "253402300799.999", "9999-12-31T23:59:59.999Z"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := string(Time(c.time).append(nil, EpochSeconds)); got != c.epoch {
				t.Errorf("epoch seconds %s, want %s", got, c.epoch)
			}
			if got := string(Time(c.time).append(nil, ISO8601)); got != `"`+c.iso+`"` {
				t.Errorf("ISO 8601 %s, want %q", got, c.iso)
			}
			wantTime(t, c.epoch, c.time)
			wantTime(t, `"`+c.iso+`"`, c.time)
			if got, err := json.Marshal(Time(c.time)); err != nil || string(got) != c.epoch {
				t.Errorf("marshaled as %s, %v, want %s", got, err, c.epoch)
			}
		})
	}
}

// wantTime fails unless the text is read as the millisecond of a moment.
func wantTime(t *testing.T, text string, want time.Time) {
	t.Helper()
	var got Timestamp
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Errorf("%s: %v", text, err)
	} else if got.UnixMilli() != want.UnixMilli() || got.Location() != time.UTC {
		t.Errorf("%s is read as %v, want %v", text, got, want)
	}
}

func TestTimestampUnmarshal(t *testing.T) {
	for text, want := range map[string]int64{
		`1704164645.6784`:                  1704164645678,
		`1704164645.6785001`:               1704164645679,
		`-1.5`:                             -1500,
		`-1.0006`:                          -1001,
		`-0.0004`:                          0,
		`1.704164645678e9`:                 1704164645678,
		`"2024-01-02T03:04:05Z"`:           1704164645000,
		`"2024-01-02T05:34:05.678+02:30"`:  1704164645678,
		`"2024-01-02T03:04:05.678999999Z"`: 1704164645678,
	} {
		t.Run(text+" is read", func(t *testing.T) { wantTime(t, text, time.UnixMilli(want)) })
	}
	t.Run("null changes nothing", func(t *testing.T) {
		got := Time(time.UnixMilli(1))
		if err := json.Unmarshal([]byte(`null`), &got); err != nil || got.UnixMilli() != 1 {
			t.Errorf("%v, %v", got, err)
		}
	})
	for _, text := range []string{`""`, `"now"`, `"1704164645"`, `true`, `{}`, `1e400`, `1e300`, `-1e300`, `1704164645678`} {
		t.Run(text+" is refused", func(t *testing.T) {
			var got Timestamp
			if err := json.Unmarshal([]byte(text), &got); err == nil {
				t.Errorf("read as %v", got)
			} else if !got.IsZero() {
				t.Errorf("refused, and set to %v", got)
			}
		})
	}
}

// FuzzTimestamp writes and reads every millisecond of the years 0 to 9999.
func FuzzTimestamp(f *testing.F) {
	for _, ms := range []int64{0, 1, -1, 999, -999, 1000, -1000, 1704164645678, minEpoch * 1000, maxEpoch*1000 - 1} {
		f.Add(ms)
	}
	f.Fuzz(func(t *testing.T, ms int64) {
		ms %= maxEpoch * 1000
		if ms < minEpoch*1000 {
			return
		}
		want := Time(time.UnixMilli(ms))
		for _, format := range []TimeFormat{EpochSeconds, ISO8601} {
			text := want.append(nil, format)
			var got Timestamp
			if err := json.Unmarshal(text, &got); err != nil || got.UnixMilli() != ms {
				t.Fatalf("%d is written %s and read as %d, %v", ms, text, got.UnixMilli(), err)
			}
		}
	})
}
