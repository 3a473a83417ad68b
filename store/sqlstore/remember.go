package sqlstore

import (
	"slices"

	"carillon/store"
)

// rememberer is a session that may know what it is asked without reading it.
type rememberer interface {
	// recall returns nil for what it does not know.
	recall(entryName) *remembered
	recallPage(pageName) *remembered
	// remember is told of what was read.
	remember(entryName, *remembered)
	rememberPage(pageName, *remembered)
}

// rememberer is the session, if it is one; nil otherwise, and when nothing may be read any more.
func (t *tx) rememberer() rememberer {
	session, ok := t.session.(rememberer)
	if !ok || t.usable(enterChannel) != nil {
		return nil
	}
	return session
}

// recall returns an entry that the session remembers.
func (t *tx) recall(name entryName) (e store.Entry, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	session := t.rememberer()
	if session == nil {
		return e, false
	}
	known := session.recall(name)
	if known == nil {
		return e, false
	}
	t.note(known.place)
	return known.entry, true
}

// remember has the session remember an entry of what is there: names of what is not are without number.
func (t *tx) remember(name entryName, e *store.Entry, p place) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if session := t.rememberer(); session != nil && e.Actor.Exists() && (e.Channel.Key != 0 || name.channel.ID == "") {
		session.remember(name, &remembered{entry: *e, place: p, of: e.Channel.Key})
	}
}

// page lists what is in a channel, as the session remembers it or as read finds it. size tells how large a
// record is, roughly.
func page[T any](t *tx, name pageName, size func(*T) int, read func() ([]T, error)) ([]T, error) {
	if known := t.recallPage(name); known != nil {
		return slices.Clone(known.page.([]T)), nil
	}
	list, err := read()
	if err != nil {
		return nil, err
	}
	t.rememberPage(name, func() *remembered {
		r := &remembered{page: slices.Clone(list), of: name.of}
		for i := range list {
			r.size += size(&list[i])
		}
		return r
	})
	return list, nil
}

func (t *tx) recallPage(name pageName) *remembered {
	t.mu.Lock()
	defer t.mu.Unlock()
	if session := t.rememberer(); session != nil {
		return session.recallPage(name)
	}
	return nil
}

func (t *tx) rememberPage(name pageName, known func() *remembered) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if session := t.rememberer(); session != nil {
		session.rememberPage(name, known())
	}
}
