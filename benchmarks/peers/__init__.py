"""How people count today: timm's EfficientNetV2-L through three counters, each in its fastest honest way.

Each module has `DEVICE`, where the model must be to be counted, and `count`, its parameters and multiply-accumulates
as the counter counts them; run by itself it prints both.
"""
