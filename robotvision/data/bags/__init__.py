"""Robot recordings as sequences: ROS 1 and ROS 2 bags, MCAP.

`storage` finds messages and reads their bytes (`rosbag1`, `sqlite`, `mcap`, `folder`), `messages`
and `pixels` say what they mean, `topics` chooses among them, `pose` and `labels` join poses and
rooms to the images by time, `reader` makes the sequence.
"""
