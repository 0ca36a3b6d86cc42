package service

import (
	"net/http"

	"claviger/internal/fault"
	"claviger/topics/mail"
)

// Topics is what the service needs to reach people and programs that subscribe to topics.
type Topics struct {
	// URL is what they reach the service at, to confirm subscriptions and to fetch the certificate;
	// without a slash at its end. Empty: nobody can subscribe.
	URL  string
	Mail *mail.Server // nil: nobody can subscribe by mail
}

// certificate serves the certificate that messages of topics are verified by. It says nothing that
// they don't say, and so it is for anybody.
func (s *Service) certificate(w http.ResponseWriter, r *http.Request) {
	text, err := s.services.topics.Certificate(r.Context(), r.PathValue("name"))
	switch {
	case err != nil && fault.Of(err).Kind == fault.Unavailable:
		http.Error(w, "not ready", http.StatusServiceUnavailable)
	case err != nil:
		http.Error(w, "internal error", http.StatusInternalServerError)
	case text == nil:
		http.NotFound(w, r)
	default:
		w.Header().Set("Content-Type", "application/x-pem-file")
		w.Header().Set("Cache-Control", "public, max-age=86400")
		_, _ = w.Write(text)
	}
}
