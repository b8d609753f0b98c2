
import os
os.environ['TORCHINDUCTOR_CACHE_DIR'] = '/tmp/torchinductor_root'
os.environ.pop('TORCHDYNAMO_REPRO_AFTER', None)
os.environ.pop('TORCHDYNAMO_REPRO_LEVEL', None)

import torch
from torch import tensor, device
import torch.fx as fx
from torch._dynamo.testing import rand_strided
from math import inf
import torch._inductor.inductor_prims



import torch._dynamo.config
import torch._inductor.config
import torch._functorch.config
import torch.fx.experimental._config






isolate_fails_code_str = None





if "__compile_source__" in globals():
    import inspect as __after_aot_inspect
    import linecache as __after_aot_linecache
    __after_aot_filename = __after_aot_inspect.currentframe().f_code.co_filename
    __after_aot_linecache.cache[__after_aot_filename] = (
        len(__compile_source__),
        None,
        __compile_source__.splitlines(True),
        __after_aot_filename,
    )
# torch version: 2.13.0+cpu
# torch cuda version: None
# torch git version: cf30153c4c131c8164ee7798e5022d810682e2cb


# torch.cuda.is_available()==False, no GPU info collected
torch._higher_order_ops.triton_kernel_wrap.kernel_side_table.reset_table()

from torch.nn import *
class Repro(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()



    def forward(self, x_1, y_1, i_1):
        mm = torch.ops.aten.mm.default(x_1, y_1);  y_1 = None
        index = torch.ops.aten.index.Tensor(x_1, [None, i_1]);  x_1 = i_1 = None
        return (mm, index)

def load_args(reader):
    buf0 = reader.storage('f40dc444fafa1bea4ca0d739a5ef267decbd9a1d', 48)
    reader.tensor(buf0, (2, 3), is_leaf=True)  # x_1
    reader.tensor(buf0, (3, 2), (1, 3), storage_offset=4, is_leaf=True)  # y_1
    buf1 = reader.storage('c58e7bea2237a9fc9ec02684be26489a63856ff9', 24, dtype_hint=torch.int64)
    reader.tensor(buf1, (3,), dtype=torch.int64, is_leaf=True)  # i_1
load_args._version = 0
mod = Repro()
