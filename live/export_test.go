package live

// Overflowed counts the sessions for which more has happened than is kept.
func (h *Hub) Overflowed() (n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, u := range h.users {
		for _, s := range u.sessions {
			s.mu.Lock()
			if s.overflowed {
				n++
			}
			s.mu.Unlock()
		}
	}
	return n
}
