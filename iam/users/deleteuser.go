package users

import (
	"claviger/iam/entity"
	"claviger/iam/model"
	"claviger/iam/target"
	"claviger/identity"
	"claviger/internal/domain"
	"claviger/internal/op"
)

type DeleteUserInput struct {
	UserName string `shape:"existingUserNameType,required"`
	op.ByShape
}

func (s *Users) findDelete(c *op.Call, in DeleteUserInput) (target.Entity[entity.User], error) {
	return s.named(c, "DeleteUser", in.UserName, nil)
}

// delete refuses a user who still has something: what goes with him would be gone unseen.
func (s *Users) delete(c *op.Call, _ DeleteUserInput, t target.Entity[entity.User]) (
	op.Commit[op.None], error) {
	u := t.Row
	keys, err := s.keys.AccessKeysOf(c, u.Account, u.ID)
	switch {
	case err != nil:
		return nil, err
	case len(u.Groups) > 0:
		return nil, model.DeleteConflict("Cannot delete entity, must remove users from group first.")
	case len(u.Attached) > 0:
		return nil, model.DeleteConflict("Cannot delete entity, must detach all policies first.")
	case len(u.Inline) > 0:
		return nil, model.DeleteConflict("Cannot delete entity, must delete policies first.")
	case len(keys) > 0:
		return nil, model.DeleteConflict("Cannot delete entity, must delete access keys first.")
	}
	keyless := identity.FewerAccessKeys(u.Account, u.ID, 1)
	return op.Apply(domain.InOrder(keyless, s.Directory.Users.Delete(u)), op.None{}), nil
}
