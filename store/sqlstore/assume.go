package sqlstore

// assumer is a session on an engine so far away that every answer counts. It may put a write off and
// have it answered as if it had changed what it should, when that is likely: in a transaction that
// has read something before. Should it turn out otherwise, the function of the transaction is run
// again and every write is done before it is answered. The function has no effect but through its
// transaction, so nothing remains of the run that was told wrong.
type assumer interface {
	// assume takes over a statement that writes, for every row of arguments, and reports whether it
	// did: if so, and if it matters, every run is to be taken as having changed a record. It keeps
	// no part of args.
	assume(s *statement, args []value, matters bool) bool
}

// assume offers a statement that writes to the session, which should change a record in every run
// if that matters.
func (t *tx) assume(s *statement, args []value, matters bool) (assumed bool, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.usable(s); err != nil {
		return false, err
	}
	session, ok := t.session.(assumer)
	if !ok {
		return false, nil
	}
	t.args = append(t.args[:0], args...)
	return session.assume(s, t.args, matters), nil
}

// put runs a statement whose outcome does not matter for every row of args.
func (t *tx) put(s *statement, args ...value) error {
	assumed, err := t.assume(s, args, false)
	if assumed || err != nil {
		return err
	}
	_, err = t.execEach(s, args, nil)
	return err
}
