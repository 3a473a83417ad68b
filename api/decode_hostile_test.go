package api

import (
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
)

func TestDecodeHugeBody(t *testing.T) {
	const size = 4 << 20
	long := strings.Repeat("x", size)
	t.Run("a huge text without a greatest length is read", func(t *testing.T) {
		got, err := decodeBody("UpdateChannelMessage", `{"Content":"`+long+`"}`)
		if err != nil {
			t.Fatal(err)
		}
		if in := got.(*UpdateChannelMessageRequest); in.Content != long {
			t.Errorf("%d bytes of content", len(in.Content))
		}
	})
	for _, c := range []struct{ name, body, want string }{
		{"text", `{"Metadata":"` + long + `"}`, broken("Metadata", "Member must have length less than or equal to 1024")},
		{"text with escapes", `{"Metadata":"` + strings.Repeat(`\n`, size/2) + `"}`, broken("Metadata", "Member must have length less than or equal to 1024")},
		{"number", `{"Metadata":1` + strings.Repeat("0", size) + `}`, wrong("Metadata", "a string")},
		{"name twice", `{"` + long + `":1,"` + long + `":2}`, "duplicate"},
		{"name with a bad end", `{"` + long + `\q":1}`, "not valid JSON"},
	} {
		t.Run("a huge "+c.name+" is refused with a small answer", func(t *testing.T) {
			_, err := decodeBody("UpdateChannel", c.body)
			wantRefused(t, err, c.want)
		})
	}
	t.Run("a huge whole number is refused with a small answer", func(t *testing.T) {
		_, err := decodeBody("PutAppInstanceRetentionSettings", `{"AppInstanceRetentionSettings":{"ChannelRetentionSettings":{"RetentionDays":1`+strings.Repeat("0", size)+`}}}`)
		wantRefused(t, err, wrong("AppInstanceRetentionSettings.ChannelRetentionSettings.RetentionDays", "an integer"))
	})
	t.Run("a hundred thousand members nobody knows are passed over", func(t *testing.T) {
		var b strings.Builder
		for i := range 100_000 {
			b.WriteString(`,"x` + strconv.Itoa(i) + `":` + strconv.Itoa(i))
		}
		if _, err := decodeBody("UpdateChannel", "{"+b.String()[1:]+"}"); err != nil {
			t.Error(err)
		}
	})
}

func TestDecodeDeepBody(t *testing.T) {
	for _, c := range []struct{ name, open, close string }{
		{"lists", `[`, `]`},
		{"objects", `{"x":`, `}`},
		{"lists and objects", `[{"x":`, `}]`},
	} {
		nested := func(levels int) string {
			n := levels / (strings.Count(c.open, "[") + strings.Count(c.open, "{"))
			return `{"x":` + strings.Repeat(c.open, n) + "1" + strings.Repeat(c.close, n) + `}`
		}
		t.Run("a thousand "+c.name+" nobody knows are passed over", func(t *testing.T) {
			if _, err := decodeBody("UpdateChannel", nested(1000)); err != nil {
				t.Error(err)
			}
		})
		for _, levels := range []int{10_001, 1_000_001} {
			t.Run(strconv.Itoa(levels)+" levels of "+c.name+" are refused", func(t *testing.T) {
				body := nested(levels - 1) // the body itself is one
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				_, err := decodeBody("UpdateChannel", body)
				runtime.ReadMemStats(&after)
				wantRefused(t, err, "depth")
				// The body itself is copied once on its way in.
				if used := after.TotalAlloc - before.TotalAlloc - uint64(len(body)); used > 8<<20 {
					t.Errorf("%d bytes for a body of %d", used, len(body))
				}
			})
		}
		t.Run("a million "+c.name+" in the place of a text are not looked at", func(t *testing.T) {
			_, err := decodeBody("UpdateChannel", strings.Replace(nested(1_000_000), "x", "Name", 1))
			wantRefused(t, err, wrong("Name", "a string"))
		})
	}
}

func TestDecodeConcurrently(t *testing.T) {
	var wait sync.WaitGroup
	for worker := range 8 {
		wait.Go(func() {
			user := benchUser + strconv.Itoa(worker)
			for range 200 {
				got, err := decodeBody("CreateChannelBan", `{"MemberArn":"`+user+`"}`)
				if err != nil {
					t.Error(err)
				} else if in := got.(*CreateChannelBanRequest); in.MemberArn != user {
					t.Errorf("%q, want %q", in.MemberArn, user)
				}
				_, err = decodeBody("CreateChannelBan", `{"MemberArn":"`+strconv.Itoa(worker)+`"}`)
				wantRefused(t, err, "1 validation error detected")
			}
		})
	}
	wait.Wait()
}
