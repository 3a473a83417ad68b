package sqlstore

import "carillon/store"

// rememberer is a session that may know an entry without reading it.
type rememberer interface {
	recall(name entryName) (known *remembered, ok bool)
	// remember is told of an entry that was read.
	remember(name entryName, e *store.Entry, p place)
}

// recall returns an entry that the session remembers.
func (t *tx) recall(name entryName) (e store.Entry, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	session, remembers := t.session.(rememberer)
	if !remembers || t.usable(enterChannel) != nil {
		return e, false
	}
	known, ok := session.recall(name)
	if !ok {
		return e, false
	}
	t.note(known.place)
	return known.Entry, true
}

// remember has the session remember an entry of what is there: names of what is not are without number.
func (t *tx) remember(name entryName, e *store.Entry, p place) {
	t.mu.Lock()
	defer t.mu.Unlock()
	session, remembers := t.session.(rememberer)
	if remembers && e.Actor.Exists() && (e.Channel.Key != 0 || name.channel.ID == "") {
		session.remember(name, e, p)
	}
}
