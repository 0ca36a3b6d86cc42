package api

import (
	"context"
	"net/http"

	"claviger/internal/fault"

	"github.com/google/uuid"
)

// bounded is around every handler but those that watch the service: a request id, the limit on
// requests in progress, a deadline, and an answer even for a panic.
func (s *server) bounded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := uuid.NewString()
		w.Header().Set("X-Amzn-Requestid", id)
		defer func() {
			if p := recover(); p != nil && p != http.ErrAbortHandler {
				s.Log.Error("panic outside the road", "requestId", id, "error", fault.Panic(p))
				plain(w, http.StatusInternalServerError, "internal error\n")
			}
		}()
		defer s.inside.Add(-1)
		if s.inside.Add(1) > maxWaiting {
			s.Runner.Observe.Unknown("unknown", tooMany.Code)
			p, service := s.recognise(r)
			p.Fault(w, r, service, tooMany)
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), maxTime)
		defer cancel()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// uncached is around the REST routes: caches that know HTTP would keep what is answered to a GET.
func uncached(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		noStore(w.Header())
		next.ServeHTTP(w, r)
	})
}
