package audit

// TLS is how a request was protected on its way, CloudTrail's tlsDetails. The zero value is a
// request that came without TLS, or from within.
type TLS struct {
	Version     string // TLSv1.3; empty: there was none
	CipherSuite string // TLS_AES_128_GCM_SHA256
	KeyExchange string // X25519MLKEM768, or nothing
	Host        string // as the client calls the server
}

// append writes the member, or nothing.
func (t *TLS) append(b []byte) []byte {
	if t.Version == "" {
		return b
	}
	b = append(b, `,"tlsDetails":{"tlsVersion":`...)
	b = quote(b, t.Version)
	b = member(b, "cipherSuite", t.CipherSuite)
	b = member(b, "clientProvidedHostHeader", t.Host)
	b = member(b, "keyExchange", t.KeyExchange)
	return append(b, '}')
}
