"""Evaluates a formula written in ISO 22400 symbols, as `APT/(APT+ADET)`, for given elements."""

import ast
import operator
from collections.abc import Mapping

# Any elements will do, as long as no two formulas give the same figure by chance.
ELEMENTS: Mapping[str, float] = {
    "PBT": 28_800,
    "APT": 20_700,
    "AUST": 1_860,
    "AUPT": 22_560,
    "ADET": 2_310,
    "AUBT": 24_870,
    "AOET": 27_050,
    "PRI": 31,
    "PQ": 613,
    "GQ": 571,
    "RQ": 17,
    "SQ": 23,
    "GP": 559,
    "IP": 607,
    "FE": 4,
    "TBF_i": 19_100,
    "TTF_i": 18_300,
    "TTR_i": 2_310,
    "APWT": 7_100,
    "APAT": 8_900,
    "CMT": 1_700,
    "PMT": 1_100,
}
_OPERATORS = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


def evaluate(name: str, formulas: Mapping[str, str], elements: Mapping[str, float]) -> float:
    """Value of the formula called `name`; it may use symbols, other formulas and `sum(X_i)`.

    Raises ValueError for anything that is not arithmetic on known names.
    """

    def value(node: ast.AST) -> float:
        match node:
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
                return _OPERATORS[type(op)](value(left), value(right))
            case ast.Constant(value=int() | float() as number):
                return number
            case ast.Call(func=ast.Name(id="sum"), args=[ast.Name() as total], keywords=[]):
                return value(total)
            case ast.Name(id=symbol) if symbol in elements:
                return elements[symbol]
            case ast.Name(id=other) if other in formulas and other != name:
                return evaluate(other, formulas, elements)
        raise ValueError(f"{name}: cannot evaluate {ast.unparse(node)!r} in {formulas[name]!r}")

    return value(ast.parse(formulas[name], mode="eval").body)
