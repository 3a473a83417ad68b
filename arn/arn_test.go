package arn_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"carillon/arn"
)

const instance = "arn:aws:chime:us-east-1:123456789012:app-instance/0f4c2b6e"

// of is a resource of the app instance of these tests.
func of(kind arn.Kind, id string) arn.ARN {
	return arn.ARN{Partition: "aws", Region: "us-east-1", Account: "123456789012", Instance: "0f4c2b6e", Kind: kind, ID: id}
}

var known = []struct {
	name, text string
	want       arn.ARN
}{
	{"an app instance", instance, of(arn.AppInstance, "")},
	{"a user", instance + "/user/alice", of(arn.User, "alice")},
	{"a bot", instance + "/bot/4a1c", of(arn.Bot, "4a1c")},
	{"a channel", instance + "/channel/general", of(arn.Channel, "general")},
	{"a channel flow", instance + "/channel-flow/filter", of(arn.ChannelFlow, "filter")},
	{"a user id with colons", instance + "/user/google:1234:5", of(arn.User, "google:1234:5")},
	{"a user id that is an address", instance + "/user/alice.b@example.com", of(arn.User, "alice.b@example.com")},
	{"a channel id with everything an id may hold", instance + "/channel/a:b@c.d-e_f", of(arn.Channel, "a:b@c.d-e_f")},
	{"an id that is the word of a kind", instance + "/user/channel", of(arn.User, "channel")},
	{"an app instance id with colons", "arn:aws:chime:us-east-1:123456789012:app-instance/a:b", arn.ARN{Partition: "aws", Region: "us-east-1", Account: "123456789012", Instance: "a:b", Kind: arn.AppInstance}},
	{"another partition and no region", "arn:aws-cn:chime::123456789012:app-instance/x/user/y", arn.ARN{Partition: "aws-cn", Account: "123456789012", Instance: "x", Kind: arn.User, ID: "y"}},
}

var malformed = []struct{ name, text string }{
	{"nothing", ""},
	{"only the prefix", "arn:"},
	{"no prefix", strings.TrimPrefix(instance, "arn:")},
	{"the prefix in capitals", "ARN" + strings.TrimPrefix(instance, "arn")},
	{"a space before", " " + instance},
	{"too few parts", "arn:aws:chime:us-east-1:123456789012"},
	{"no partition", "arn::chime:us-east-1:123456789012:app-instance/x"},
	{"no account", "arn:aws:chime:us-east-1::app-instance/x"},
	{"another service", "arn:aws:iam:us-east-1:123456789012:app-instance/x"},
	{"another resource", "arn:aws:chime:us-east-1:123456789012:voice-connector/x"},
	{"a resource after a colon", "arn:aws:chime:us-east-1:123456789012:app-instance:x"},
	{"no app instance id", "arn:aws:chime:us-east-1:123456789012:app-instance/"},
	{"no app instance id before a user", "arn:aws:chime:us-east-1:123456789012:app-instance//user/alice"},
	{"a slash at the end of an app instance", instance + "/"},
	{"a kind without an id", instance + "/user"},
	{"an empty id", instance + "/user/"},
	{"a slash in an id", instance + "/user/alice/b"},
	{"a slash at the end of an id", instance + "/user/alice/"},
	{"an unknown kind", instance + "/group/staff"},
	{"an empty kind", instance + "//alice"},
	{"the word for no kind", instance + "/unknown/alice"},
	{"a kind in capitals", instance + "/User/alice"},
	{"the word of an app instance as a kind", instance + "/app-instance/x"},
}

func TestParse(t *testing.T) {
	for _, c := range known {
		t.Run(c.name+" is taken apart", func(t *testing.T) {
			got, err := arn.Parse(c.text)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	for _, c := range malformed {
		t.Run(c.name+" is malformed", func(t *testing.T) {
			got, err := arn.Parse(c.text)
			if !errors.Is(err, arn.ErrMalformed) {
				t.Errorf("error %v, want ErrMalformed", err)
			}
			if got != (arn.ARN{}) {
				t.Errorf("parts of something malformed: %+v", got)
			}
		})
	}
}

func TestString(t *testing.T) {
	for _, c := range known {
		t.Run(c.name+" is built as it was read", func(t *testing.T) {
			if got := c.want.String(); got != c.text {
				t.Errorf("got %q, want %q", got, c.text)
			}
		})
	}
	t.Run("the zero value names nothing", func(t *testing.T) {
		if got := (arn.ARN{}).String(); got != "" {
			t.Errorf("got %q", got)
		}
	})
	t.Run("it takes one allocation", func(t *testing.T) {
		a := of(arn.ChannelFlow, strings.Repeat("x", 64))
		if n := testing.AllocsPerRun(100, func() { _ = a.String() }); n > 1 {
			t.Errorf("%v allocations", n)
		}
	})
}

func TestKind(t *testing.T) {
	want := map[arn.Kind]string{
		0: "unknown", arn.AppInstance: "app-instance", arn.User: "user", arn.Bot: "bot",
		arn.Channel: "channel", arn.ChannelFlow: "channel-flow", arn.ChannelFlow + 1: "unknown", 255: "unknown",
	}
	for kind, word := range want {
		if got := kind.String(); got != word {
			t.Errorf("kind %d is %q, want %q", kind, got, word)
		}
	}
}

func TestOf(t *testing.T) {
	alice := of(arn.User, "alice")
	t.Run("another resource of the same app instance", func(t *testing.T) {
		if got, want := alice.Of(arn.Channel, "general"), of(arn.Channel, "general"); got != want {
			t.Errorf("got %v, want %v", got, want)
		}
	})
	t.Run("the app instance itself has no id below it", func(t *testing.T) {
		if got, want := alice.Of(arn.AppInstance, "ignored"), of(arn.AppInstance, ""); got != want {
			t.Errorf("got %v, want %v", got, want)
		}
	})
	t.Run("the receiver stays as it is", func(t *testing.T) {
		if alice != of(arn.User, "alice") {
			t.Errorf("it is now %v", alice)
		}
	})
}

func TestIsIdentity(t *testing.T) {
	for kind := range arn.ChannelFlow + 2 {
		want := kind == arn.User || kind == arn.Bot
		if got := of(kind, "x").IsIdentity(); got != want {
			t.Errorf("%v: %v, want %v", kind, got, want)
		}
	}
}

func TestSameInstance(t *testing.T) {
	alice := of(arn.User, "alice")
	if !alice.SameInstance(of(arn.Channel, "general")) {
		t.Error("a user and a channel of one app instance are said to be of two")
	}
	for name, change := range map[string]func(*arn.ARN){
		"partition":    func(a *arn.ARN) { a.Partition = "aws-cn" },
		"region":       func(a *arn.ARN) { a.Region = "eu-west-1" },
		"account":      func(a *arn.ARN) { a.Account = "210987654321" },
		"app instance": func(a *arn.ARN) { a.Instance = "other" },
	} {
		t.Run("another "+name+" is another app instance", func(t *testing.T) {
			other := of(arn.User, "alice")
			change(&other)
			if alice.SameInstance(other) || other.SameInstance(alice) {
				t.Errorf("%v and %v are said to be of one app instance", alice, other)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	for _, c := range known {
		f.Add(c.text)
	}
	for _, c := range malformed {
		f.Add(c.text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		a, err := arn.Parse(text)
		if err != nil {
			if !errors.Is(err, arn.ErrMalformed) || a != (arn.ARN{}) {
				t.Fatalf("%q: %+v, %v", text, a, err)
			}
			return
		}
		if got := a.String(); got != text {
			t.Fatalf("%q is built as %q", text, got)
		}
		if (a.Kind == arn.AppInstance) != (a.ID == "") {
			t.Fatalf("%q: kind %v and id %q", text, a.Kind, a.ID)
		}
	})
}

func FuzzString(f *testing.F) {
	f.Add("aws", "us-east-1", "123456789012", "0f4c2b6e", uint8(arn.User), "alice:b@example.com")
	f.Add("aws", "", "1", "a:b", uint8(arn.AppInstance), "")
	f.Fuzz(func(t *testing.T, partition, region, account, instance string, kind uint8, id string) {
		a := arn.ARN{Partition: partition, Region: region, Account: account, Instance: instance, Kind: arn.Kind(kind), ID: id}
		got, err := arn.Parse(a.String())
		proper := partition != "" && account != "" && instance != "" &&
			!slices.ContainsFunc([]string{partition, region, account}, func(s string) bool { return strings.Contains(s, ":") }) &&
			!strings.Contains(instance+id, "/") &&
			(a.Kind == arn.AppInstance && id == "" || a.Kind > arn.AppInstance && a.Kind <= arn.ChannelFlow && id != "")
		if proper && (err != nil || got != a) {
			t.Fatalf("%+v is read as %+v, %v", a, got, err)
		}
		if err == nil && got.String() != a.String() {
			t.Fatalf("%q is read as %+v", a.String(), got)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	text := instance + "/user/" + strings.Repeat("a", 36)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := arn.Parse(text); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkString(b *testing.B) {
	a := of(arn.User, strings.Repeat("a", 36))
	b.ReportAllocs()
	for b.Loop() {
		_ = a.String()
	}
}
