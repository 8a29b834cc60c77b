"""placeholder until the models branch is merged"""
