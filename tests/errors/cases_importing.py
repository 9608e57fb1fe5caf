"""Definitions of other libraries that cannot be imported."""

from __future__ import annotations

from archdsl.diagnostics import Source
from archdsl.importing.notation import guessed
from archdsl.importing.writer import Frame, imported
from tests.errors.showing import Case, with_bounds


def definition(text: str, notation: str | None = None, name: str = "net", size: int = 224, **bounds: int) -> Case:
    def run() -> str:
        source = Source("text", text)
        return imported(source, Frame(name, notation or guessed(source), None, None, 1280, (size, size)))

    return lambda: with_bounds(run, **bounds)


def timm(*words: str, size: int = 224) -> Case:
    return definition("\n".join(words), "timm", size=size)


def automl(*words: str) -> Case:
    return definition("\n".join(words), "automl")


def torchvision(text: str) -> Case:
    return definition(text, "torchvision")


CASES: dict[str, Case] = {
    # Whole definitions
    "UnusableName": definition("ir_r1_k3_s2_e6_c24", name="1"),
    "NameOfBlock": definition("ir_r1_k3_s1_e1_c16", name="inverted_residual"),
    "EmptyDefinition": timm(""),
    "UnclearNotation": definition("conv"),
    "TooLongDefinition": definition("ir_r1_k3_s2_e6_c24", characters=8),
    "TooManyRows": definition("ir_r1_k3_s2_e6_c24\nir_r1_k3_s2_e6_c24", stages=1),
    # Python literals
    "NotPython": torchvision("[1, 2"),
    "UnreadablePython": torchvision(f"[{'-' * 9000}1]"),
    "NoList": torchvision("pass"),
    "SeveralStatements": torchvision("a = [1]\nb = [2]"),
    "NotList": torchvision("a = 3"),
    "EmptyList": torchvision("[]"),
    "NotString": timm("[[3]]"),
    "NotPlainString": timm(r"[['ir\x5fr1']]"),
    "NotNumber": torchvision("[[1, 16, 1, 2 ** 3]]"),
    # Block strings
    "EmptyWord": timm("ir__r1"),
    "EmptyString": timm("[['']]"),
    "FlagGivenTwice": timm("ir_r1_r2_k3_s1_e6_c24"),
    "UnknownFlag": timm("ir_r1_k3_s1_e6_c24_zz3"),
    "UnsupportedFlag": timm("ir_r1_k3_s1_e6_c24_cc4"),
    "SeveralKernels": timm("ir_r1_k3.5.7_s1_e6_c24"),
    "FlagWithoutNumber": timm("ir_r1_k_s1_e6_c24"),
    "MissingFlag": timm("ir_r1_s1_e6_c24"),
    "NotWholeNumber": timm("ir_r0_k3_s1_e6_c24"),
    "UnsupportedKind": timm("uir_r1_k3_s1_e6_c24"),
    "UnknownKind": timm("zz_r1_k3_s1_e6_c24"),
    "SkipAndNoskip": timm("cn_r1_k3_s1_c24_skip_noskip"),
    "SkipIsImplied": timm("ir_r1_k3_s1_e6_c24_skip"),
    "UnknownActivation": timm("ir_r1_k3_s1_e6_c24_nzz"),
    "OtherActivation": timm("ir_r1_k3_s1_e6_c24_nhs"),
    "IgnoredStride": timm("[['ir_r1_k3_s2_e6_c24', 'ir_r1_k3_s2_e6_c24']]"),
    "IgnoredExpandedChannels": timm("ir_r1_k3_s1_e6_c24_fc8"),
    "NoExpansion": timm("ds_r1_k3_s1_e6_c24"),
    "MixedVersions": automl("r1_k3_s11_e1_i32_o16", "r1_k3_s1_e1_i16_o16"),
    "UnknownConvolution": automl("r1_k3_s1_e1_i32_o16_c7"),
    "IgnoredNoskip": automl("r1_k3_s1_e1_i32_o16_noskip"),
    "UnequalStrides": automl("r1_k3_s12_e1_i32_o16"),
    "StrideOfProjection": automl("r1_k3_s22_e4_i32_o16_c1"),
    "ProjectionAlone": automl("r1_k3_s11_e1_i32_o16_c1"),
    "FusedWithoutSqueeze": automl("r1_k3_s11_e4_i32_o16_se0.25_c1"),
    # Rows of torchvision
    "MixedRows": torchvision("[[1, 16, 1, 1], MBConvConfig(1, 3, 1, 16, 16, 1)]"),
    "NotRow": torchvision("[3]"),
    "UnknownClass": torchvision("[MBConfig(1, 3, 1, 32, 16, 1)]"),
    "TooManyNumbers": torchvision("[MBConvConfig(1, 3, 1, 32, 16, 1, 2)]"),
    "NotFourNumbers": torchvision("[[1, 16, 1]]"),
    "UnknownArgumentOfRow": torchvision("[MBConvConfig(1, 3, 1, 32, 16, layers=1)]"),
    "MissingArgumentsOfRow": torchvision("[MBConvConfig(1, 3, 1, 32, 16)]"),
    # What is built
    "BadStride": timm("ir_r1_k3_s3_e6_c24"),
    "BadExpansion": timm("ir_r1_k3_s1_e0_c24"),
    "FractionalExpansion": automl("r1_k3_s1_e1.5_i32_o16"),
    "BadShare": timm("ir_r1_k3_s1_e6_c24_se2"),
    "WithoutSqueeze": timm("cn_r1_k3_s1_c24_se0.25"),
    "EvenKernel": timm("ir_r2_k2_s1_e6_c32"),
    "NoHiddenChannels": torchvision("[[0.001, 16, 1, 1]]"),
    "NoSqueezedChannels": timm("ir_r1_k3_s1_e6_c24_se0.001"),
    "NothingLeft": timm("cn_r5_k4_s1_c24", size=4),
    "StrideIsDilation": timm(*["ir_r1_k3_s2_e6_c24"] * 6),
    "BrokenChain": automl("r1_k3_s1_e1_i32_o16", "r1_k3_s1_e1_i24_o16"),
}
