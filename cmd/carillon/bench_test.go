package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"carillon/bench"
)

// benchmark runs a scenario against a server of its own, this test binary, and reads its report.
func benchmark(t *testing.T, scenario string, flags ...string) (result, *bench.Report) {
	t.Helper()
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "report.json")
	got := run(t, process{}, append([]string{"bench", scenario, "--server", binary, "--json", file}, flags...)...)
	report := new(bench.Report)
	content, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(content, report)
	}
	if err != nil {
		t.Fatalf("%v: %+v", err, got)
	}
	return got, report
}

// number is a number of a report; it fails the test when it is not there.
func number(t *testing.T, r *bench.Report, name string) float64 {
	t.Helper()
	for _, n := range r.Numbers {
		if n.Name == name {
			return n.Value
		}
	}
	t.Errorf("the report has no %q", name)
	return 0
}

func TestBench(t *testing.T) {
	t.Setenv(asProgram, "1") // of the servers

	t.Run("idle sessions are weighed", func(t *testing.T) {
		got, report := benchmark(t, "idle", "--sessions", "50", "--channels-per-user", "3", "--channel-size", "20", "--hold", "100ms", "--steady", "300ms")
		if got.code != 0 || len(report.Broken) > 0 {
			t.Fatalf("%+v %+v", got, report.Broken)
		}
		number(t, report, "server memory per session") // of so few it may be none
		if number(t, report, "sessions") != 50 {
			t.Errorf("%+v", report.Numbers)
		}
	})
	t.Run("a fan-out reaches everybody by TLS", func(t *testing.T) {
		got, report := benchmark(t, "fanout", "--sessions", "30", "--channels", "3", "--senders", "2", "--rate", "60", "--duration", "2s", "--warm-up", "200ms", "--tls")
		if got.code != 0 || len(report.Broken) > 0 {
			t.Fatalf("%+v %+v", got, report.Broken)
		}
		// A busy machine begins to count deliveries a little late.
		sent := report.Delays[0].Count
		if deliveries := report.Delays[2].Count; sent < 100 || deliveries < 5*sent {
			t.Errorf("%d messages, %d deliveries", sent, deliveries)
		}
		if !strings.Contains(got.stdout, "deliveries per second") {
			t.Errorf("no table: %s", got.stdout)
		}
	})
	t.Run("a closed loop goes as fast as it can", func(t *testing.T) {
		got, report := benchmark(t, "fanout", "--sessions", "4", "--senders", "2", "--rate", "0", "--duration", "1s", "--warm-up", "0s")
		if got.code != 0 || number(t, report, "sends per second") <= 0 {
			t.Errorf("%+v %+v", got, report.Numbers)
		}
	})
	t.Run("what makes no sense is refused", func(t *testing.T) {
		for _, c := range []struct {
			flags []string
			want  string
		}{
			{[]string{}, "name a scenario"},
			{[]string{"flood"}, "no scenario flood"},
			{[]string{"fanout", "--sessions", "1", "--channels", "2", "--ready-file", "/nonexistent"}, "nonexistent"},
			{[]string{"idle", "--server", "/nonexistent"}, "nonexistent"},
		} {
			got := run(t, process{}, append([]string{"bench"}, c.flags...)...)
			if got.code != 1 || !strings.Contains(got.stderr, c.want) {
				t.Errorf("%v: %+v, want %q", c.flags, got, c.want)
			}
		}
	})
}

// short are flags that make a run of requests a short one.
func short(flags ...string) []string {
	return append([]string{"--callers", "4", "--warm-up", "100ms", "--duration", "200ms", "--round", "100ms"}, flags...)
}

func TestBenchRequests(t *testing.T) {
	t.Setenv(asProgram, "1")
	for _, c := range []struct {
		scenario string
		flags    []string
		numbers  []string
	}{
		{"send", short("--channels", "2"), []string{"sends per second"}},
		{"send", short("--channels", "1", "--limit"), []string{"sends per second", "server against bare handler", "server against fdatasync"}},
		{"send", short("--channels", "10", "--rate", "200"), []string{"sends per second"}},
		{"batch-join", short("--users", "300"), []string{"batches per second", "members per second"}},
		{"join", short("--users", "20"), []string{"joins per second"}},
		{"describe", short("--channels", "2", "--limit"), []string{"reads per second", "server against bare handler"}},
		{"list-messages", short("--channels", "3", "--messages", "60"), []string{"reads per second"}},
		{"list-memberships", short("--channels", "3", "--members", "60"), []string{"reads per second"}},
		{"mixed", short("--channels", "3", "--messages", "60", "--members", "60", "--limit"), []string{"requests per second", "server against bare handler", "server against fdatasync"}},
	} {
		t.Run(strings.Join(append([]string{c.scenario}, c.flags[8:]...), " "), func(t *testing.T) {
			t.Parallel()
			got, report := benchmark(t, c.scenario, c.flags...)
			if got.code != 0 || len(report.Broken) > 0 {
				t.Fatalf("%+v %+v", got, report.Broken)
			}
			for _, name := range append(c.numbers, "server memory") {
				if number(t, report, name) <= 0 {
					t.Errorf("%s is not measured: %+v", name, report.Numbers)
				}
			}
			// It is counted in steps of 10 ms, of which a short run may take none.
			number(t, report, "server CPU per operation")
			number(t, report, "load tool CPU per operation")
		})
	}
}

func TestBenchStorm(t *testing.T) {
	t.Setenv(asProgram, "1")
	for _, flags := range [][]string{{}, {"--prefetch"}, {"--rate", "50"}, {"--limit", "--round", "100ms", "--prefetch"}} {
		t.Run(strings.Join(append(flags, "sessions are opened"), " "), func(t *testing.T) {
			t.Parallel()
			got, report := benchmark(t, "connect-storm", append([]string{"--callers", "2", "--users", "6", "--channels-per-user", "2", "--channel-size", "3", "--messages", "2",
				"--warm-up", "100ms", "--duration", "200ms"}, flags...)...)
			if got.code != 0 || len(report.Broken) > 0 || number(t, report, "sessions per second") <= 0 {
				t.Fatalf("%+v %+v", got, report.Broken)
			}
			if slices.Contains(flags, "--limit") && number(t, report, "server against bare handler") <= 0 {
				t.Errorf("%+v", report.Numbers)
			}
		})
	}
}

func TestBenchGrow(t *testing.T) {
	t.Setenv(asProgram, "1")
	got, report := benchmark(t, "grow", "--messages", "400", "--members", "120", "--channels", "20", "--steps", "2", "--samples", "20", "--rooms", "2")
	if got.code != 0 || len(report.Broken) > 0 {
		t.Fatalf("%+v %+v", got, report.Broken)
	}
	for step, want := range []map[string]float64{
		{"messages": 40, "members of the crowded channel": 12, "channels of the busy user": 2},
		{"messages": 400, "members of the crowded channel": 120, "channels of the busy user": 20},
	} {
		for name, n := range want {
			if got := number(t, report, fmt.Sprintf("step %d, %s", step+1, name)); got != n {
				t.Errorf("step %d: %v %s, want %v", step+1, got, name, n)
			}
		}
	}
	if number(t, report, "last step against first, SendChannelMessage") <= 0 || len(report.Delays) != 2*19 {
		t.Errorf("%+v", report)
	}
}

func TestBenchTellsWhatItMeasuredBeforeAFailure(t *testing.T) {
	t.Setenv(asProgram, "1")
	// The second step adds more members at once than this server takes.
	got, report := benchmark(t, "grow", "--messages", "20", "--members", "80", "--channels", "4", "--steps", "2", "--samples", "4", "--rooms", "2",
		"--server-args", "--limits-members-per-batch 50")
	if got.code == 0 || !strings.Contains(got.stderr, "batches of members added") || !strings.Contains(got.stdout, "step 1, SendChannelMessage") {
		t.Errorf("%+v", got)
	}
	if len(report.Delays) != 19 {
		t.Errorf("%d operations, want those of one step", len(report.Delays))
	}
}

func TestBenchRequestsRefuses(t *testing.T) {
	t.Setenv(asProgram, "1")
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ args, want string }{
		{"send --channels 0", "something to send"},
		{"send --callers 0", "no load"},
		{"send --callers 1 --channels 1 --round 2m", "would be old"},
		{"send --callers 1 --channels 1 --limit --rate 5", "--rate 5"},
		{"send --callers 1 --channels 1 --limit --warm-up 0s", "warmed up"},
		{"batch-join --users 99", "at least 100"},
		{"describe --channels 0", "cannot be read"},
		{"mixed --reads 101", "101 %"},
		{"connect-storm --users 1", "no storm"},
		{"connect-storm --users 32 --limit --rate 5", "--rate 5"},
		{"grow --steps 0", "at least 1"},
		{bench.LimitCommand, "shapes"},
	} {
		t.Run(c.args, func(t *testing.T) {
			t.Parallel()
			args := append([]string{"bench"}, strings.Fields(c.args)...)
			if args[1] != bench.LimitCommand {
				args = append(args, "--server", binary)
			}
			if got := run(t, process{}, args...); got.code != 1 || !strings.Contains(got.stderr, c.want) {
				t.Errorf("%+v, want %q", got, c.want)
			}
		})
	}
}

// Clients that behave badly miss nothing, even when the server is killed under them.
func TestSoak(t *testing.T) {
	t.Setenv(asProgram, "1")
	got, report := benchmark(t, "soak", "--duration", "12s", "--kill-every", "4s", "--users", "12", "--rate", "60", "--seed", "7")
	if got.code != 0 || len(report.Broken) > 0 {
		t.Errorf("%+v", report.Broken)
		t.Fatalf("exit code %d\n%s", got.code, got.stdout)
	}
	if kills := number(t, report, "kills"); kills < 1 { // a busy machine takes its time to start the server again
		t.Errorf("%v kills", kills)
	}
	if number(t, report, "deliveries") == 0 || number(t, report, "repeated after a connection broke") == 0 {
		t.Errorf("nothing happened: %+v", report.Numbers)
	}
}

func TestBenchTakesTemporaryCredentials(t *testing.T) {
	p := process{environ: []string{"AWS_ACCESS_KEY_ID=ASIAEXAMPLE", "AWS_SECRET_ACCESS_KEY=secret", "AWS_SESSION_TOKEN=token"}}
	for name, keyID := range map[string]string{"of the environment": "", "whose id is given": "ASIAEXAMPLE"} {
		t.Run(name, func(t *testing.T) {
			got, err := p.benchTarget(benchFlags{callFlags: callFlags{accessKeyID: keyID, data: t.TempDir()}})
			if err != nil || got.AccessKeyID != "ASIAEXAMPLE" || got.Secret != "secret" || got.SessionToken != "token" {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}
