package sqlstore

import "carillon/store"

// place is where a channel stands, as a transaction knows it: what others do meanwhile it cannot
// see, and what it does itself goes through it. Who has entered a channel need not ask again.
type place struct {
	channel  store.Key
	sequence int64
	newest   int64 // the time of the newest message
}

// placeColumns of the channel c. They are NULL when there is none.
const placeColumns = `c.key, c.sequence, c.newest`

func scanPlace(r *row) place {
	return place{channel: r.key(), sequence: r.integer(), newest: r.integer()}
}

// note keeps a place that was read along with something else.
func (t *tx) note(p place) {
	if p.channel == 0 {
		return
	}
	if known := t.placeOf(p.channel); known != nil {
		*known = p
		return
	}
	t.places = append(t.places, &p)
}

// placeOf is the place of a channel, nil when it is not known.
func (t *tx) placeOf(channel store.Key) *place {
	for _, p := range t.places {
		if p.channel == channel {
			return p
		}
	}
	return nil
}

var selectPlace = sql(`SELECT ` + placeColumns + ` FROM channel c WHERE c.key = $1`)

// find learns where a channel that is about to advance stands; ErrNotFound when there never was one.
func (t *tx) find(channel store.Key) (*place, error) {
	if t.readOnly {
		return nil, store.ErrReadOnly
	}
	if p := t.placeOf(channel); p != nil {
		return p, nil
	}
	p, err := one(t, scanPlace, selectPlace, key(channel))
	if err != nil {
		return nil, err
	}
	t.places = append(t.places, &p)
	return &p, nil
}
