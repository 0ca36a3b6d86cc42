package api

import (
	"net/http"

	"github.com/go-chi/chi/v5"
)

// mountDocs serves the description of the API, made from the registry.
func (s *server) mountDocs(r chi.Router) {
	r.Get("/", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/docs", http.StatusSeeOther) })
}
