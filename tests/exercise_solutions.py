"""The solutions of the exercises: number -> what stands in the file, and what a learner might write.

They are not part of the package.
"""

GRADIENT_STEPS = """
    numbers, stack = {y.order: y}, [y]
    while stack:
        for parent in stack.pop().parents:
            if parent.order not in numbers:
                numbers[parent.order] = parent
                stack.append(parent)
    gradients = {y.order: 1}
    for order in sorted(numbers, reverse=True):
        for parent in numbers[order].parents:
            gradients[parent.order] = gradients.get(parent.order, 0) + gradients[order]
    return gradients[x.order]
"""

BATCH_NORMALIZATION = """
        if not training:
            return (x - self.mean) / np.sqrt(self.variance + self.epsilon)
        mean, variance = x.mean(axis=0), x.var(axis=0)
        self.mean = self.momentum * self.mean + (1 - self.momentum) * mean
        self.variance = self.momentum * self.variance + (1 - self.momentum) * variance
"""

SOLUTIONS: dict[int, list[tuple[str, str]]] = {
    1: [("lambda g, y, x: ...", "lambda g, y, x: g * 3 * x * x")],
    2: [("x: ...", "x: g * (ops.sigmoid(x) + x * ops.sigmoid(x) * (1 - ops.sigmoid(x)))")],
    3: [
        (
            "    lambda g, y, a, b: ...,  # TODO\n    lambda g, y, a, b: ...,",
            "    lambda g, y, a, b: g / b,\n    lambda g, y, a, b: -g * y / b,",
        )
    ],
    4: [
        (
            "    lambda g, y, x, b: ...,  # TODO\n    lambda g, y, x, b: ...,",
            "    lambda g, y, x, b: g,\n    lambda g, y, x, b: g.sum(axis=0),",
        )
    ],
    5: [
        (
            "    lambda G, Y, A, B: ...,  # TODO\n    lambda G, Y, A, B: ...,",
            "    lambda G, Y, A, B: G @ B.T,\n    lambda G, Y, A, B: A.T @ G,",
        )
    ],
    6: [("broadcast_to(...,", "broadcast_to(g / x.shape[0],")],
    7: [("g * x / y)", "g * x / ops.where(ops.value(y) == 0, 1.0, y))")],
    8: [("= ...", "= gradients.get(name, 0.0) + g * slope")],
    9: [("= ...", "= (f(x + step) - f(x - step)) / (2 * h)")],
    10: [("x > 0.0 + (x", "(x > 0.0) + (x")],
    11: [("g * p * (1 - p)", "p * (g - ops.sum(g * p, axis=-1, keepdims=True))")],
    12: [("g[::2, ::2]", "g.reshape(g.shape[0] // 2, 2, g.shape[1] // 2, 2).sum(axis=(1, 3))")],
    13: [("] = g[o]", "] += g[o]")],
    14: [
        ("for operand in self.operands:", "for place, operand in enumerate(self.operands):"),
        ("if operand is self.operands[0] else", "if place == 0 else"),
    ],
    15: [
        ("_gradient, _numeric", "gradient, numeric"),
        (
            '        assert error < tolerance, f"the gradient',
            '        error = np.max(np.abs(gradient - numeric))\n        assert error < tolerance, f"the gradient',
        ),
    ],
    16: [
        (
            "\n    if y is x:\n        return 1\n    return sum(gradient(parent, x) for parent in y.parents)",
            GRADIENT_STEPS.rstrip(),
        )
    ],
    17: [("np.sqrt(ops.value(x).var(axis=0) + EPSILON)", "ops.sqrt(ops.var(x, axis=0) + EPSILON)")],
    18: [
        (
            "present * too_short + 0.5 * (1 - present) * too_long,",
            "present * too_short**2 + 0.5 * (1 - present) * too_long**2,",
        )
    ],
    19: [("ops.sqrt(squared)", "ops.sqrt(squared + 1e-7)")],
    20: [("pixels = ...", "pixels = (L - K) // S + 1"), ("y[o] = ...", "y[o] = x[S * o : S * o + K] @ w")],
    21: [("+= ...", "+= g[o] * x[S * o + k]")],
    22: [("            ...  # TODO", "            x[S * o + k] += g[o] * w[k]")],
    23: [("SH * (OW - 1) + KW)", "SW * (OW - 1) + KW)")],
    24: [
        ("    m = ...", "    m = beta_1 * m + (1 - beta_1) * g"),
        ("    v = ...", "    v = beta_2 * v + (1 - beta_2) * g * g"),
        ("corrected = ...", "corrected = rate * np.sqrt(1 - beta_2**t) / (1 - beta_1**t)"),
    ],
    25: [
        ("return ...", "return ops.mean(ops.softplus(-real_logits)) + ops.mean(ops.softplus(fake_logits))"),
        ("ops.mean(ops.log(1 - ops.sigmoid(fake_logits)))", "ops.mean(ops.softplus(-fake_logits))"),
    ],
    26: [
        ("x_hat)  # TODO", "x_hat, create_graph=True)  # "),
        ("return ...", "return ops.mean((ops.norm(slopes, axis=1) - 1) ** 2)"),
    ],
    27: [
        ("softplus(D(x))", "softplus(-D(x))"),
        ("softplus(-D(fake.data))", "softplus(D(fake.data))"),
        ("    g_loss = ops.mean(ops.softplus(-D(fake)))  # TODO: computed with the old D\n", ""),
        (
            "    g_optimizer.step([-g for g in grad(g_loss, G.parameters())])",
            "    g_loss = ops.mean(ops.softplus(-D(fake)))\n    g_optimizer.step(grad(g_loss, G.parameters()))",
        ),
    ],
    28: [
        (
            "\n        mean, variance = x.mean(axis=0), x.var(axis=0)  # TODO: at inference, too?",
            BATCH_NORMALIZATION.rstrip(),
        ),
        ("        self.mean = ...  # TODO\n        self.variance = ...  # TODO\n", ""),
    ],
    29: [("softmax(b, axis=0)", "softmax(b, axis=1)"), ("b + ...", "b + ops.sum(u_hat * v, axis=2)")],
    30: [
        ('"g_steps": 4', '"g_steps": 1'),
        ("(5e-3, 5e-4)", "(5e-3, 5e-3)"),
        ('"gamma": 0.0', '"gamma": 0.1'),
    ],
}


def solved(number: int, source: str) -> str:
    """The file of an exercise with its solution."""
    for old, new in SOLUTIONS[number]:
        assert source.count(old) == 1, f"exercise {number}: {old!r} occurs {source.count(old)} times"
        source = source.replace(old, new)
    return source
