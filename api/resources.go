package api

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"claviger/api/rest"

	"github.com/go-chi/chi/v5"
)

// serveResource takes a request under /v1 to the resource that its path names.
func (s *server) serveResource(w http.ResponseWriter, r *http.Request) {
	allow := s.resources.Route(r)
	switch {
	case allow == nil:
		s.document(s.nowhere)(w, r)
	case r.Method == http.MethodOptions || !slices.Contains(allow, r.Method):
		s.document(func(w http.ResponseWriter, r *http.Request) { instead(w, r, allow) })(w, r)
	default:
		noStore(w.Header()) // caches that know HTTP would keep what is answered to a GET
		s.serve(w, r)
	}
}

// instead says what a resource takes, to OPTIONS (RFC 9110, 9.3.7) and to methods that it does not
// take (RFC 9110, 15.5.6). There is no Access-Control header in it: no browser signs requests.
func instead(w http.ResponseWriter, r *http.Request, allow []string) {
	w.Header().Set("Allow", strings.Join(allow, ", "))
	if r.Method == http.MethodOptions {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	what, hint := strings.ReplaceAll(r.Pattern, "...}", "}"), ""
	if what != r.Pattern { // a name with slashes may have been taken for more, or for less
		hint = " A name that the path holds and that looks like another resource is sent with its " +
			"slashes escaped as %2F."
	}
	if what == "" {
		what = rest.Quoted(r.URL.EscapedPath())
	}
	rest.Send(w, http.StatusMethodNotAllowed, unknownOperation.Code,
		fmt.Sprintf("%s does not take %s, but %s.%s /docs lists what there is.", what,
			rest.Quoted(r.Method), strings.Join(allow, ", "), hint))
}

// nowhere answers for paths that are no resource.
func (s *server) nowhere(w http.ResponseWriter, r *http.Request) {
	text := fmt.Sprintf("There is no resource %s here.", rest.Quoted(r.URL.EscapedPath()))
	if there := s.resources.Collections(); len(there) > 0 {
		text += " Those that there are begin with " + strings.Join(there, ", ") +
			"; / takes AWS's own protocols. /docs lists them all."
	}
	rest.Send(w, http.StatusNotFound, unknownOperation.Code, text)
}

// mountNowhere answers for what is mounted nowhere.
func (s *server) mountNowhere(r chi.Router) {
	r.NotFound(s.elsewhere(s.nowhere))
	r.MethodNotAllowed(s.elsewhere(func(w http.ResponseWriter, q *http.Request) {
		if strings.HasPrefix(q.URL.Path, "/v1/") { // a method that the router has never heard of
			allow := s.resources.Route(q)
			if allow == nil {
				s.nowhere(w, q)
				return
			}
			instead(w, q, allow)
			return
		}
		var allow []string
		for _, method := range []string{"DELETE", "GET", "HEAD", "PATCH", "POST", "PUT"} {
			if r.Match(chi.NewRouteContext(), method, q.URL.EscapedPath()) {
				allow = append(allow, method)
			}
		}
		q.Pattern = ""
		instead(w, q, append(allow, http.MethodOptions))
	}))
}
