package sqlstore

import "testing"

// BenchmarkPostgres measures on PostgreSQL what the other benchmarks measure on SQLite. The
// processor time is that of this process; the server's comes on top.
func BenchmarkPostgres(b *testing.B) {
	defer func(open func(*testing.B) *Store) { openTown = open }(openTown)
	var last *postgresEngine
	openTown = func(b *testing.B) *Store {
		s := newPostgres(b)
		last = s.engine.(*postgresEngine)
		b.Cleanup(func() {
			b.ReportMetric(float64(last.repeated[conflict].Load())/float64(b.N), "conflicts/op")
		})
		return s
	}
	b.Run("Update", BenchmarkUpdate)
	b.Run("AddMembers", BenchmarkAddMembers)
	b.Run("EnterChannel", BenchmarkEnterChannel)
	b.Run("SendMessage", BenchmarkSendMessage)
	b.Run("ListMessages", BenchmarkListMessages)
}
