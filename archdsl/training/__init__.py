"""A recipe carried out: data, the training step, the loop, and the folder that a run leaves."""
