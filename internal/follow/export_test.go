package follow

// Handed is how many bytes wait that the committer has handed over.
func (f *Feed) Handed() int {
	f.handed.mu.Lock()
	defer f.handed.mu.Unlock()
	return f.handed.bytes
}
