package api

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// listMessages decodes a query for ListChannelMessages.
func listMessages(query string) (*ListChannelMessagesRequest, error) {
	got, err := Lookup("ListChannelMessages").Decode(&Input{Path: [2]string{benchChannel}, Query: query})
	if err != nil {
		return nil, err
	}
	return got.(*ListChannelMessagesRequest), nil
}

func TestDecodeQuery(t *testing.T) {
	for _, c := range []struct {
		name, query string
		want        ListChannelMessagesRequest
	}{
		{"nothing", "", ListChannelMessagesRequest{}},
		{"every member", "sort-order=ASCENDING&max-results=7&next-token=t&sub-channel-id=s", ListChannelMessagesRequest{SortOrder: "ASCENDING", MaxResults: 7, NextToken: "t", SubChannelId: "s"}},
		{"what is encoded", "next%2Dtoken=a%2Bb%3D%26%20c+d", ListChannelMessagesRequest{NextToken: "a+b=& c d"}},
		{"an empty token", "next-token=", ListChannelMessagesRequest{}},
		{"an empty token without its sign", "next-token", ListChannelMessagesRequest{}},
		{"a value with a sign", "next-token=a=b", ListChannelMessagesRequest{NextToken: "a=b"}},
		{"a line break", "next-token=a%0Ab", ListChannelMessagesRequest{NextToken: "a\nb"}},
		{"empty pairs", "&&next-token=a&&", ListChannelMessagesRequest{NextToken: "a"}},
		{"unknown parameters, even twice", "x=1&x=2&=3&=&max-results=1&Max-Results=x", ListChannelMessagesRequest{MaxResults: 1}},
		{"a leading zero", "max-results=007", ListChannelMessagesRequest{MaxResults: 7}},
		{"a hundred parameters", strings.Repeat("x=1&", 99) + "max-results=1", ListChannelMessagesRequest{MaxResults: 1}},
	} {
		t.Run(c.name+" is read", func(t *testing.T) {
			got, err := listMessages(c.query)
			if err != nil {
				t.Fatal(err)
			}
			c.want.ChannelArn = benchChannel
			if diff := cmp.Diff(&c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	for _, c := range []struct{ name, query, want string }{
		{"a bad escape in a value", "next-token=%zz", "The query string is malformed."},
		{"half an escape", "next-token=%2", "The query string is malformed."},
		{"a bad escape in a name", "next-token=a&%=1", "The query string is malformed."},
		{"a semicolon", "next-token=a;max-results=1", "The query string is malformed."},
		{"a parameter twice", "next-token=a&next-token=a", broken("NextToken", "Member must be given once")},
		{"a parameter twice, once encoded", "next-token=a&next%2dtoken=", broken("NextToken", "Member must be given once")},
		{"a flood of parameters", strings.Repeat("x&", 100_000), "The query string has too many parameters."},
		{"a huge number", "max-results=1" + strings.Repeat("0", 100_000), wrong("MaxResults", "an integer")},
		{"a huge token", "next-token=" + strings.Repeat("%F0%9F%98%80", 2049), broken("NextToken", "Member must have length less than or equal to 2048")},
	} {
		t.Run(c.name+" is refused", func(t *testing.T) {
			_, err := listMessages(c.query)
			wantRefused(t, err, c.want)
		})
	}
	t.Run("the query's own fault is the only one reported", func(t *testing.T) {
		_, err := Lookup("SearchChannels").Decode(&Input{Query: "%", Body: []byte(`{"Fields":[]}`)})
		wantRefused(t, err, "The query string is malformed.")
		if strings.Contains(err.Error(), "Fields") {
			t.Error(err)
		}
	})
}

func TestDecodeQueryTime(t *testing.T) {
	second := time.Date(2024, 1, 2, 3, 4, 5, 0, time.UTC)
	type known struct {
		text string
		want time.Time
	}
	list := []known{
		{"2024-01-02T03:04:05Z", second},
		{"2024-01-02T03:04:05+00:00", second},
		{"2024-01-02T05:34:05+02:30", second},
		{"2024-02-29T23:59:59.999Z", time.Date(2024, 2, 29, 23, 59, 59, 999e6, time.UTC)},
		{"1969-12-31T23:59:59.5Z", time.UnixMilli(-500).UTC()},
		{"9999-12-31T23:59:59.999999999Z", time.Date(9999, 12, 31, 23, 59, 59, 999999999, time.UTC)},
		{"1704164645", second},
		{"1704164645.0", second},
		{"1704164645.678", second.Add(678 * time.Millisecond)},
		{"1704164645.6784", second.Add(678 * time.Millisecond)},
		{"1704164645.6786", second.Add(679 * time.Millisecond)},
		{"1.704164645678e9", second.Add(678 * time.Millisecond)},
		{"0", time.Unix(0, 0).UTC()},
		{"-1.5", time.UnixMilli(-1500).UTC()},
		{"253402300799", time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)},
	}
	for digits := 1; digits <= 9; digits++ { // .1, .12, .123 and so on
		fraction := "123456789"[:digits]
		nanoseconds, err := strconv.Atoi(fraction + strings.Repeat("0", 9-digits))
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, known{"2024-01-02T03:04:05." + fraction + "Z", second.Add(time.Duration(nanoseconds))})
	}
	for _, c := range list {
		t.Run(c.text+" is read", func(t *testing.T) {
			got, err := listMessages("not-before=" + url.QueryEscape(c.text))
			if err != nil {
				t.Fatal(err)
			}
			if !got.NotBefore.Equal(c.want) || got.NotBefore.Location() != time.UTC {
				t.Errorf("%v, want %v", got.NotBefore, c.want)
			}
			if !got.NotAfter.IsZero() {
				t.Errorf("NotAfter is %v", got.NotAfter)
			}
		})
	}
	t.Run("every millisecond of a second is read as itself", func(t *testing.T) {
		for ms := range int64(1000) {
			want := second.UnixMilli() + ms
			got, err := listMessages("not-before=" + string(Time(time.UnixMilli(want)).append(nil, EpochSeconds)))
			if err != nil {
				t.Fatal(err)
			}
			if got.NotBefore.UnixMilli() != want {
				t.Fatalf("%d is read as %d", want, got.NotBefore.UnixMilli())
			}
		}
	})
	for _, text := range []string{
		"", "now", "2024-01", "2024-01-02", "2024-01-02T03:04:05", "2024-01-02 03:04:05Z", "2024-02-30T00:00:00Z", "2024-01-02T24:00:00Z",
		"10000-01-01T00:00:00Z", "2024-01-02T03:04:05Z ", "2024-01-02T03:04:05.Z",
		"NaN", "nan", "Inf", "+Inf", "-Infinity", "1e400", "-1e400", "1e300", "1e15", "1704164645678", "253402300800", "-62167219201",
		"0x1p10", "0X1P10", "1_000", "1,5", "--1", "1e", ".", "1" + strings.Repeat("0", 10_000),
	} {
		name := text[:min(len(text), 40)]
		t.Run(strconv.Quote(name)+" is refused", func(t *testing.T) {
			_, err := listMessages("not-after=" + url.QueryEscape(text))
			wantRefused(t, err, wrong("NotAfter", "a time in ISO 8601"))
		})
	}
}

func FuzzParseQuery(f *testing.F) {
	for _, query := range []string{"", "a=b", "a=b&c=d&a", "a+b=c%20d", "%zz=1", "a;b", "&&=&", "a=%", "a==b", "%26=%3D", "\xff=\x00"} {
		f.Add(query)
	}
	f.Fuzz(func(t *testing.T, query string) {
		var d decoder
		d.in = &Input{Query: query}
		ok := d.parseQuery()
		want, err := url.ParseQuery(query)
		if ok != (err == nil) && strings.Count(query, "&") < maxParameters {
			t.Fatalf("%q: %v, url.ParseQuery says %v", query, ok, err)
		}
		if !ok {
			return
		}
		got := make(url.Values)
		for _, p := range d.query {
			got.Add(p.key, p.value)
		}
		for key, values := range want {
			if !slices.Equal(values, got[key]) {
				t.Fatalf("%q: %q is %q, url.ParseQuery says %q", query, key, got[key], values)
			}
		}
		if len(got) != len(want) {
			t.Fatalf("%q: %v, url.ParseQuery says %v", query, got, want)
		}
	})
}
