package chat

// SendsWaiting is how many messages wait for those before them.
func (s *Service) SendsWaiting() int {
	s.sends.mu.Lock()
	defer s.sends.mu.Unlock()
	return len(s.sends.waiting)
}
