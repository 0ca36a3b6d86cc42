package keystore

import (
	"slices"
	"testing"
	"time"
)

func TestListKeyRotations_InPages_ListsEachOnce(t *testing.T) {
	s := start(t)
	id := s.key()
	for range 7 {
		must[any](s, "RotateKeyOnDemand", M{"KeyId": id})
		s.pass(time.Minute)
	}
	for include, want := range map[string]int{"ROTATIONS_ONLY": 7, allMaterial: 8} {
		var got []string
		in := M{"KeyId": id, "IncludeKeyMaterial": include, "Limit": 3}
		for {
			out := must[ListKeyRotationsOutput](s, "ListKeyRotations", in)
			for _, e := range out.Rotations {
				got = append(got, e.KeyMaterialId)
			}
			if out.Truncated != (out.NextMarker != "") ||
				out.Truncated != (len(out.Rotations) == 3 && len(got) < want) {
				t.Fatalf("%s: a page of %d, truncated %v, marker %q", include, len(out.Rotations),
					out.Truncated, out.NextMarker)
			}
			if !out.Truncated {
				break
			}
			in["Marker"] = out.NextMarker
		}
		var whole []string
		for _, e := range s.rotations(id, include) {
			whole = append(whole, e.KeyMaterialId)
		}
		if len(got) != want || !slices.Equal(got, whole) {
			t.Errorf("%s in pages: %d of %d", include, len(got), want)
		}
	}
	marker := must[ListKeyRotationsOutput](s, "ListKeyRotations",
		M{"KeyId": id, "Limit": 1}).NextMarker
	for name, in := range map[string]M{"another key": {"KeyId": s.key(), "Marker": marker},
		"another list": {"KeyId": id, "IncludeKeyMaterial": allMaterial, "Marker": marker},
		"made up":      {"KeyId": id, "Marker": "x"}} {
		if _, code := ask[any](s, "ListKeyRotations", in); code != "InvalidMarkerException" {
			t.Errorf("a marker of %s: %q", name, code)
		}
	}
}
