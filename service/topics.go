package service

import (
	"net/http"

	"claviger/internal/delivery"
	"claviger/internal/fault"
	"claviger/topics/mail"
	"claviger/topics/sending"
)

// Topics is what the service needs to reach people and programs that subscribe to topics.
type Topics struct {
	// URL is what they reach the service at, to confirm subscriptions and to fetch the certificate;
	// without a slash at its end. Empty: nobody can subscribe.
	URL  string
	Mail *mail.Server // nil: nobody can subscribe by mail
}

// receivers has the queue know who delivers to subscriptions.
func (s *Service) receivers() map[string]delivery.Receiver {
	return map[string]delivery.Receiver{sending.Kind: s.services.topics.Receiver()}
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
