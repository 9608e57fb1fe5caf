"""How fast networks are on this machine, side by side: each in a process of its own, in turns, once they are equal.

archdsl bench specs/mobilenetv2.arch --variant 100 --against timm:mobilenetv2_100 --targets eager,compiled
"""
