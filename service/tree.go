package service

import (
	"context"
	"log/slog"
	"sync"

	"claviger/audit/tree"
	"claviger/internal/custody"
	"claviger/internal/follow"
	"claviger/internal/install"
	"claviger/trail/sequencer"
)

// prover keeps the tree over the trail. It ends after everybody who leaves records.
type prover struct {
	*sequencer.Sequencer
	key  func(context.Context) (custody.Material, error)
	name string

	stop func()
	work sync.WaitGroup
}

// newProver makes the key with the installation, so that who is there when it is made can note it
// down. A device that can't do it now is asked again.
func (s *Service) newProver(ctx context.Context, in *install.Installation, feed *follow.Feed,
	log *slog.Logger) *prover {
	p := &prover{name: tree.Origin(in.ID)}
	p.key = func(ctx context.Context) (custody.Material, error) {
		return in.Key(ctx, install.CheckpointKey)
	}
	if _, err := p.key(ctx); err != nil {
		log.Warn("the key that signs the trail can't be made yet", "error", err)
	}
	p.Sequencer = sequencer.New(sequencer.Config{DB: s.DB, Feed: feed, Rows: in.Rows, Token: s.Token,
		Key: p.key, Origin: p.name, Log: log})
	return p
}

func (p *prover) start() {
	ctx, stop := context.WithCancel(context.Background())
	p.stop = stop
	p.work.Go(func() { p.Run(ctx) })
}

// close has all that is there signed, and waits for it a few seconds at most.
func (p *prover) close() {
	if p != nil && p.stop != nil {
		p.stop()
		p.work.Wait()
	}
}

// TrailKey is the public key by which the trail's checkpoints are verified, as auditors pin it. The
// row that it is read from is signed by the token's authenticator.
func (s *Service) TrailKey(ctx context.Context) (string, error) {
	m, err := s.prover.key(ctx)
	if err != nil {
		return "", err
	}
	key, err := tree.NewKey(s.prover.name, m.Public)
	if err != nil {
		return "", err
	}
	return key.String(), nil
}
