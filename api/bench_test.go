package api

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"
)

const (
	benchInstance = "arn:aws:chime:us-east-1:123456789012:app-instance/0f4c2b6e-7a1d-4c3b-9e5f-8d2a6b1c4e7f"
	benchChannel  = benchInstance + "/channel/5b1d9a3c-2e4f-4a6b-8c7d-9e0f1a2b3c4d"
)

// benchUsers returns ARNs of 110 bytes, about as long as those that UUIDs make.
func benchUsers(n int) []string {
	users := make([]string, n)
	for i := range users {
		users[i] = fmt.Sprintf("%s/user/user-%013d", benchInstance, i)
	}
	return users
}

func BenchmarkDecodeBatch100(b *testing.B) {
	op := Lookup("BatchCreateChannelMembership")
	in := &Input{
		Path:  [2]string{benchChannel},
		Query: "operation=batch-create",
		Body:  []byte(`{"Type":"DEFAULT","MemberArns":["` + strings.Join(benchUsers(100), `","`) + `"]}`),
	}
	b.SetBytes(int64(len(in.Body)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := op.Decode(in); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecodeSend(b *testing.B) {
	op := Lookup("SendChannelMessage")
	in := &Input{
		Path: [2]string{benchChannel},
		Body: []byte(`{"Content":` + strconv.Quote(strings.Repeat("The quick brown fox. ", 14)) + `,"Type":"STANDARD","Persistence":"PERSISTENT",` +
			`"Metadata":"{\"thread\":\"7\"}","ClientRequestToken":"2b1f6f0e-6a0c-4a55-9c55-0d9ea2f9f8b1"}`),
	}
	b.SetBytes(int64(len(in.Body)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := op.Decode(in); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecodeList(b *testing.B) {
	op := Lookup("ListChannelMessages")
	in := &Input{
		Path:  [2]string{benchChannel},
		Query: "max-results=50&not-before=2024-01-02T03%3A04%3A05.678000Z&sort-order=DESCENDING",
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := op.Decode(in); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEncodeBatch100(b *testing.B) {
	out := &BatchCreateChannelMembershipResponse{
		BatchChannelMemberships: &BatchChannelMemberships{
			ChannelArn: benchChannel,
			InvitedBy:  &Identity{Arn: benchInstance + "/user/admin", Name: "Administrator"},
			Type:       ChannelMembershipTypeDefault,
		},
		Errors: []BatchCreateChannelMembershipError{},
	}
	for i, arn := range benchUsers(100) {
		out.BatchChannelMemberships.Members = append(out.BatchChannelMemberships.Members, Identity{Arn: arn, Name: "User " + strconv.Itoa(i)})
	}
	buffer := out.AppendJSON(nil, EpochSeconds)
	b.SetBytes(int64(len(buffer)))
	b.ReportAllocs()
	for b.Loop() {
		buffer = out.AppendJSON(buffer[:0], EpochSeconds)
	}
}

func BenchmarkEncodeMessages50(b *testing.B) {
	out := &ListChannelMessagesResponse{ChannelArn: benchChannel}
	content := strings.Repeat("The quick brown fox. ", 14)
	for i := range 50 {
		at := Time(time.UnixMilli(1704164645678 + int64(i)))
		out.ChannelMessages = append(out.ChannelMessages, ChannelMessageSummary{
			MessageId: strconv.Itoa(i), Content: &content, CreatedTimestamp: at, LastUpdatedTimestamp: at,
			Sender: &Identity{Arn: benchInstance + "/user/alice", Name: "Alice"}, Type: ChannelMessageTypeStandard,
		})
	}
	buffer := out.AppendJSON(nil, EpochSeconds)
	b.SetBytes(int64(len(buffer)))
	b.ReportAllocs()
	for b.Loop() {
		buffer = out.AppendJSON(buffer[:0], EpochSeconds)
	}
}

func BenchmarkEncodeMemberships50(b *testing.B) {
	out := &ListChannelMembershipsResponse{ChannelArn: benchChannel}
	for i, arn := range benchUsers(50) {
		out.ChannelMemberships = append(out.ChannelMemberships, ChannelMembershipSummary{Member: &Identity{Arn: arn, Name: "User " + strconv.Itoa(i)}})
	}
	buffer := out.AppendJSON(nil, EpochSeconds)
	b.SetBytes(int64(len(buffer)))
	b.ReportAllocs()
	for b.Loop() {
		buffer = out.AppendJSON(buffer[:0], EpochSeconds)
	}
}
