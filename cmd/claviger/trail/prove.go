package trail

import (
	"context"
	"encoding/json"
	"fmt"

	"claviger/cmd/claviger/command"
	"claviger/cmd/claviger/evidence"
)

func proveRecords(ctx context.Context, e *command.Env, args []string) error {
	f := e.Flags("audit prove", "ID --config FILE|--database FILE [--key KEY]",
		"Prints a proof of one record as JSON: the record, its place in the tree, and the checkpoint that "+
			"the token signed over\nit. With the key of `claviger audit key`, and nothing else of the site's, "+
			"anybody can check it; examples/proof does,\nand imports nothing of Claviger.\n\nID is the "+
			"record's eventID, or its number: the records of the trail are numbered from 1. Of a record that "+
			"was\nremoved for its age the hash is proved.")
	w := evidenceFlags{command: f.Name()}
	f.StringVar(&w.path, "config", "", "`file` of the configuration")
	f.StringVar(&w.database, "database", "", "the database's `file`, or a copy of it, or a backup")
	f.StringVar(&w.key, "key", "", "the `key` that claviger audit key has printed, or a file that holds it")
	id, err := command.ParseName(f, args, "name the record by its eventID or its number")
	if err != nil {
		return err
	}
	db, err := w.open(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	key, err := trailKey(ctx, e, w)
	if err != nil {
		return err
	}
	proof, err := evidence.Prove(ctx, db, w.database, key, id)
	if err != nil {
		return err
	}
	if proof.Removal > 0 {
		fmt.Fprintf(e.Stderr, "claviger: record %d was removed for its age, as record %d of the trail tells. "+
			"This proves its hash,\nand with it the record to whoever has kept its bytes.\n", proof.Number,
			proof.Removal)
	}
	out := json.NewEncoder(e.Stdout)
	out.SetEscapeHTML(false)
	out.SetIndent("", "  ")
	return out.Encode(proof.Proof)
}
