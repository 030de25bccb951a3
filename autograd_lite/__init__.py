from autograd_lite.ops import *
from autograd_lite.engine import *
