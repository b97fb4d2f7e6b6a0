"""What surrounds LivePortrait's networks, as its published pipeline does it, in numpy."""
