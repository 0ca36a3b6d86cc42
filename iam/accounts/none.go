package accounts

// Nothing is an entry of a list that is always empty: tools ask for what no account here has, and
// go on once they are told that there is none.
type Nothing struct{}
