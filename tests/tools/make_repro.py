"""make_repro.py FOLDER

Writes FOLDER/repro.py as PyTorch's minifier writes one, with the inputs' storages beside it (tests/data/script)."""
import sys, torch
from torch._dynamo.debug_utils import InputWriter
from torch._dynamo.repro.after_aot import generate_compiler_repro_string
from torch.fx.experimental.proxy_tensor import make_fx

folder = sys.argv[1]
base = torch.arange(12.0)
args = [base[:6].view(2, 3), base.as_strided((3, 2), (1, 3), 4), torch.tensor([1, 0, 1])]
gm = make_fx(lambda x, y, i: (x @ y, x[:, i]))(*args)
text = generate_compiler_repro_string(gm, args, save_dir=folder)
open(folder + "/repro.py", "w").write(text.replace(folder, "/home/dev/regions/checkpoints"))
