package control

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// TestControl_OtherUser_IsRefused: the kernel says who is at the other end, and neither another
// user nor nobody at all has anything done.
func TestControl_OtherUser_IsRefused(t *testing.T) {
	for name, ctx := range map[string]context.Context{
		"nobody": t.Context(),
		"another user": context.WithValue(t.Context(), peer{},
			unix.Ucred{Uid: uint32(os.Geteuid()) + 65534}),
	} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest("POST", "/", strings.NewReader(`{"Do":"list"}`)).WithContext(ctx)
		handler(nil).ServeHTTP(w, r) // without a service: nothing is asked of one
		if w.Code != http.StatusForbidden {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
}
